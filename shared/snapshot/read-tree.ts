import { BranchChunk, type SoughtKey } from "./branch-chunk.ts";
import { tooDeep } from "./errors.ts";
import {
  type ChunkRef,
  chunkName,
  MAX_BRANCH_DEPTH,
  type Manifest,
  type TreeRef,
} from "./format.ts";

/** Gives a chunk's bytes, verified. */
export type ReadChunk = (ref: ChunkRef) => Promise<Uint8Array>;

/**
 * Every chunk that a generation names, a branch before what it names. Reads branches only, and passes over
 * whatever is not new together with all below it.
 */
export async function* chunksOf(
  manifest: Pick<Manifest, "index" | "bodies">,
  read: ReadChunk,
  isNew: (sha256: string) => boolean = () => true,
): AsyncIterable<TreeRef> {
  for (const root of [manifest.index, manifest.bodies]) {
    if (root) yield* chunksBelow(root, read, isNew);
  }
}

/** The chunks of a tree that are no branches, in the order of their keys. */
export async function* leavesOf(root: TreeRef | null, read: ReadChunk): AsyncIterable<TreeRef> {
  if (!root) return;
  for await (const ref of chunksBelow(root, read, () => true)) if (!ref.isBranch) yield ref;
}

/** The chunk in which `key` lies, if it is anywhere. */
export async function leafOf(root: TreeRef, key: SoughtKey, read: ReadChunk): Promise<TreeRef> {
  let ref = root;
  for (let depth = 0; ref.isBranch; depth++) {
    if (depth === MAX_BRANCH_DEPTH) throw tooDeep(chunkName(ref));
    const branch = new BranchChunk(await read(ref), chunkName(ref));
    ref = branch.ref(branch.find(key));
  }
  return ref;
}

async function* chunksBelow(
  ref: TreeRef,
  read: ReadChunk,
  isNew: (sha256: string) => boolean,
  depth = 0,
): AsyncIterable<TreeRef> {
  if (!isNew(ref.sha256)) return;
  yield ref;
  if (!ref.isBranch) return;
  if (depth === MAX_BRANCH_DEPTH) throw tooDeep(chunkName(ref));
  const branch = new BranchChunk(await read(ref), chunkName(ref));
  for (const child of branch.refs()) yield* chunksBelow(child, read, isNew, depth + 1);
}
