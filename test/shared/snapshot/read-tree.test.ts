import { describe, expect, it } from "vitest";
import { encodeBodyChunk } from "../../../shared/snapshot/body-chunk.ts";
import { soughtKey } from "../../../shared/snapshot/body-tree.ts";
import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import { encodeBranch } from "../../../shared/snapshot/encode-branch.ts";
import type { ChunkRef, TreeRef } from "../../../shared/snapshot/format.ts";
import { chunksOf, leafOf } from "../../../shared/snapshot/read-tree.ts";

/** One body below so many branches of one child each. */
async function aTree(branches: number) {
  const chunks = new Map<string, Uint8Array>();
  const add = async (bytes: Uint8Array, isBranch: boolean): Promise<TreeRef> => {
    const ref = { sha256: await sha256Hex(bytes), length: bytes.length, isBranch };
    chunks.set(ref.sha256, bytes);
    return ref;
  };
  const leaf = await add(encodeBodyChunk([{ key: "routes/1", json: "{}" }]), false);
  let root = leaf;
  for (let i = 0; i < branches; i++)
    root = await add(encodeBranch([{ key: "", ref: root, ancestors: [] }]), true);
  const read = async ({ sha256 }: ChunkRef) => chunks.get(sha256) as Uint8Array;
  const all = async () => {
    const refs: TreeRef[] = [];
    for await (const ref of chunksOf({ index: null, bodies: root }, read)) refs.push(ref);
    return refs;
  };
  return { root, leaf, read, all };
}

describe("a tree of chunks", () => {
  it("is read through sixteen branches", async () => {
    const { root, leaf, read, all } = await aTree(16);
    expect(await leafOf(root, soughtKey("routes/1"), read)).toEqual(leaf);
    expect(await all()).toHaveLength(17);
  });

  it("with a branch deeper than that is corrupt", async () => {
    const { root, read, all } = await aTree(17);
    const corrupt = expect.objectContaining({ fault: "corrupt" });
    await expect(leafOf(root, soughtKey("routes/1"), read)).rejects.toEqual(corrupt);
    await expect(all()).rejects.toEqual(corrupt);
  });
});
