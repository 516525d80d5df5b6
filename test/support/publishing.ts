import type { CompiledSnapshot } from "../../exporter/compile/compiled-snapshot.ts";
import { Compiler } from "../../exporter/compile/compiler.ts";
import { readResources } from "../../exporter/compile/memory.ts";
import { Publisher } from "../../exporter/publish/publisher.ts";
import { readChunk, readManifest, readPointer } from "../../exporter/publish/read-generation.ts";
import { ResourceTable } from "../../exporter/resource-table.ts";
import type { ObjectStore } from "../../exporter/store/object-store.ts";
import type { ChunkRef } from "../../shared/snapshot/format.ts";
import { leavesOf } from "../../shared/snapshot/read-tree.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** A snapshot of routes by id, each with `desc`; what is not among `known` is fresh. */
export async function compiled(
  routes: Readonly<Record<string, string>>,
  known: ReadonlySet<string> = new Set(),
): Promise<CompiledSnapshot> {
  const table = new ResourceTable("/apisix");
  const encoder = new TextEncoder();
  const puts = Object.entries(routes).map(([id, desc], i) => ({
    key: `/apisix/routes/${id}`,
    value: encoder.encode(
      JSON.stringify({ uri: `/${id}`, desc, upstream: { nodes: { "127.0.0.1:80": 1 } } }),
    ),
    modRevision: i + 1,
  }));
  const change = { cause: "base", clusterId: "1", revision: 9, puts, deletes: [] } as const;
  const changed = table.apply(change);
  return new Compiler("radixtree_host_uri").compile(table, changed, known);
}

export const SOURCE = { clusterId: "1", revision: 9 } as const;

export function aPublisher(store: ObjectStore, clock: VirtualClock): Publisher {
  return new Publisher({ store, clock, namespace: "default", by: "a test" });
}

/** What a verifying reader finds live: the generation and every route's `desc`. */
export async function readLive(store: ObjectStore) {
  const held = await readPointer(store);
  if (!held) return undefined;
  const manifest = await readManifest(store, held.pointer.manifest);
  const read = (ref: ChunkRef) => readChunk(store, ref);
  for await (const ref of leavesOf(manifest.index, read)) await read(ref);
  const resources = await readResources(manifest, read);
  const routes = [...resources.values()].map(({ id, value }) => [
    id,
    (value as { desc?: string }).desc,
  ]);
  return { pointer: held.pointer, manifest, routes: Object.fromEntries(routes) };
}
