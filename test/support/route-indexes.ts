import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import type { RouterName, TreeRef } from "../../shared/snapshot/format.ts";
import { madeChunks } from "../../shared/snapshot/made-chunks.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";

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
  return { index: new RouteIndex(router, root, madeChunks(chunks)), root, chunks };
}
