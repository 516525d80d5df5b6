import type { CompiledSnapshot } from "../../exporter/compile/compiled-snapshot.ts";
import { Compiler } from "../../exporter/compile/compiler.ts";
import { Publisher } from "../../exporter/publish/publisher.ts";
import { readChunk, readManifest, readPointer } from "../../exporter/publish/read-generation.ts";
import { ResourceTable } from "../../exporter/resource-table.ts";
import type { ObjectStore } from "../../exporter/store/object-store.ts";
import type { ChunkRef } from "../../shared/snapshot/format.ts";
import { leavesOf } from "../../shared/snapshot/read-tree.ts";
import { readResources } from "./read-resources.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** A compiler with its table, as one exporter has them for as long as it runs. */
export class CompilingTable {
  readonly #table = new ResourceTable("/apisix");
  readonly #compiler = new Compiler("radixtree_host_uri");

  /** A snapshot of routes by id, each with `desc`; what is not live, of which `known` tells, is fresh. */
  compile(
    routes: Readonly<Record<string, string>>,
    known: ReadonlySet<string> = NONE,
  ): Promise<CompiledSnapshot> {
    const encoder = new TextEncoder();
    const puts = Object.entries(routes).map(([id, desc], i) => ({
      key: `/apisix/routes/${id}`,
      value: encoder.encode(
        JSON.stringify({ uri: `/${id}`, desc, upstream: { nodes: { "127.0.0.1:80": 1 } } }),
      ),
      modRevision: i + 1,
    }));
    const change = { cause: "base", clusterId: "1", revision: 9, puts, deletes: [] } as const;
    return this.#compiler.compile(this.#table, this.#table.apply(change), known);
  }
}

/** The same of an exporter that has just started. */
export async function compiled(
  routes: Readonly<Record<string, string>>,
  known: ReadonlySet<string> = NONE,
): Promise<CompiledSnapshot> {
  return new CompilingTable().compile(routes, known);
}

const NONE: ReadonlySet<string> = new Set();

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
