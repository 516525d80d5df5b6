import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import type { RouterName, TreeRef } from "../../shared/snapshot/format.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";
import { ROUTERS, type TableKind, type TableRoute } from "./route-table.ts";

/**
 * All chunks of a route index as one run of bytes, so that it can be handed to another process or into
 * workerd: the length of a JSON head, the head, then the chunks as the head lists them.
 */
interface Head {
  readonly router: RouterName;
  readonly root: TreeRef;
  readonly chunks: readonly (readonly [sha256: string, length: number])[];
}

export interface UnpackedIndex extends Head {
  /** By SHA-256. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
}

export async function packIndex(
  kind: TableKind,
  table: readonly TableRoute[],
): Promise<Uint8Array<ArrayBuffer>> {
  const router = ROUTERS[kind];
  const tree = new RouteTree(router);
  tree.apply(table.map((route) => [route.id, indexed(route)] as const));
  const fresh: FreshChunks = new Map();
  const { root } = await new TreeChunks(tree.codec).write(tree.root, new Set(), fresh);
  if (!root) throw new Error("a table without routes");
  const chunks = [...fresh].map(([sha256, bytes]) => ({ sha256, bytes: bytes() }));
  const head: Head = {
    router,
    root,
    chunks: chunks.map(({ sha256, bytes }) => [sha256, bytes.length]),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const packed = new Uint8Array(4 + text.length + indexBytes(head));
  new DataView(packed.buffer).setUint32(0, text.length, true);
  packed.set(text, 4);
  let at = 4 + text.length;
  for (const { bytes } of chunks) {
    packed.set(bytes, at);
    at += bytes.length;
  }
  return packed;
}

/** Every chunk in memory of its own, as it comes from a store. */
export function unpackIndex(packed: Uint8Array): UnpackedIndex {
  const length = new DataView(packed.buffer, packed.byteOffset).getUint32(0, true);
  let at = 4 + length;
  const head: Head = JSON.parse(new TextDecoder().decode(packed.subarray(4, at)));
  const bytes = new Map<string, Uint8Array>();
  for (const [sha256, size] of head.chunks) {
    bytes.set(sha256, packed.slice(at, at + size));
    at += size;
  }
  return { ...head, bytes };
}

/** What the index takes altogether, branches too. */
export function indexBytes({ chunks }: Pick<Head, "chunks">): number {
  return chunks.reduce((sum, [, length]) => sum + length, 0);
}

/** The route as the exporter hands it to the index. */
export function indexed({ id, uri, hosts, methods, priority, vars }: TableRoute): IndexedRoute {
  return { id, uris: [uri], hosts, methods, priority, remoteAddrs: [], vars };
}
