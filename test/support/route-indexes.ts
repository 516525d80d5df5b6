import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import { chunkName, type RouterName, type TreeRef } from "../../shared/snapshot/format.ts";
import type { HeldChunk, HeldChunks } from "../../shared/snapshot/held-chunks.ts";
import { openChunk } from "../../shared/snapshot/open-chunk.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";

/** Chunks of a compile in memory, each opened when it is first met. */
export function heldChunks(fresh: ReadonlyMap<string, () => Uint8Array>): HeldChunks {
  const held = new Map<string, HeldChunk>();
  return {
    held: (ref) => {
      const known = held.get(ref.sha256);
      if (known) return known;
      const bytes = fresh.get(ref.sha256);
      if (!bytes) return undefined;
      const opened = { chunk: openChunk(bytes(), chunkName(ref)), used: false, links: [] };
      held.set(ref.sha256, opened);
      return opened;
    },
  };
}

export interface BuiltIndex {
  readonly index: RouteIndex;
  readonly root: TreeRef | null;
  readonly chunks: FreshChunks;
}

/** Pages of at most about `limit` bytes; the format's where it is left out. */
export async function buildIndex(
  router: RouterName,
  routes: readonly IndexedRoute[],
  limit?: number,
  branchFactor?: number,
): Promise<BuiltIndex> {
  const tree = new RouteTree(router, limit, branchFactor);
  tree.apply(routes.map((route) => [route.id, route] as const));
  const chunks: FreshChunks = new Map();
  const { root } = await new TreeChunks(tree.codec).write(tree.root, new Set(), chunks);
  return { index: new RouteIndex(router, root, heldChunks(chunks)), root, chunks };
}
