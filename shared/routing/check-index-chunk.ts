import { BranchChunk } from "../snapshot/branch-chunk.ts";
import { SnapshotError } from "../snapshot/errors.ts";
import { type ChunkRef, chunkName, type RouterName } from "../snapshot/format.ts";
import type { Chunk } from "../snapshot/open-chunk.ts";
import { RoutePage } from "./route-page.ts";

/** Holds that a chunk of an index is one. */
export function checkIndexChunk(router: RouterName, chunk: Chunk, ref: ChunkRef): void {
  if (chunk instanceof BranchChunk) return;
  if (chunk instanceof RoutePage && chunk.router === router) return;
  const found = chunk instanceof RoutePage ? `a page of ${chunk.router}` : "a chunk of bodies";
  throw new SnapshotError("corrupt", chunkName(ref), `it is ${found}, in an index of ${router}`);
}
