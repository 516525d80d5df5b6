import { describe, expect, it } from "vitest";
import { BranchChunk } from "../../../shared/snapshot/branch-chunk.ts";
import { type BranchChild, encodeBranch } from "../../../shared/snapshot/encode-branch.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";

function aChild(key: string, random: Random): BranchChild {
  const digits = Array.from({ length: 64 }, () => random.below(16).toString(16));
  const ref = { sha256: digits.join(""), length: random.below(1e6), isBranch: random.chance(0.5) };
  const ancestors = Array.from({ length: random.below(4) }, () => random.below(0xffff));
  return { key, ref, ancestors };
}

/** Some come, some go, some say something else now; one that stays is the same object. */
function changed(children: readonly BranchChild[], random: Random): BranchChild[] {
  const byKey = new Map(children.map((child) => [child.key, child]));
  const prefix = random.pick(["", "a", "ab"]);
  for (let i = random.below(3); i >= 0; i--) {
    const key = `${prefix}${random.below(20).toString(36)}\xff`;
    byKey.set(key, aChild(key, random));
  }
  for (const child of children) if (random.chance(0.1)) byKey.delete(child.key);
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

describe("a branch", () => {
  it("has the same bytes whether or not one like it is at hand", () => {
    const seed = runSeed();
    const random = seededRandom(seed);
    for (let run = 0; run < 50; run++) {
      let children: BranchChild[] = [aChild("ab", random)];
      let before = { children, bytes: encodeBranch(children, 0) };
      for (let step = 0; step < 40; step++) {
        children = changed(children, random);
        const flags = random.below(2);
        const bytes = encodeBranch(children, flags, before);
        expect(bytes, `seed ${seed}, run ${run}, step ${step}`).toEqual(
          encodeBranch(children, flags),
        );
        before = { children, bytes };
      }
    }
  });

  it("is read as it was written", () => {
    const random = seededRandom(runSeed());
    const children = ["", "ab/1", "ab/2"].map((key) => aChild(key, random));
    const branch = new BranchChunk(encodeBranch(children, 1), "a branch");
    expect(branch.flags).toBe(1);
    expect([...branch.refs()]).toEqual(children.map(({ ref }) => ref));
    for (const [i, { ancestors }] of children.entries()) {
      const read = Array.from({ length: branch.ancestorCount(i) }, (_, at) =>
        branch.ancestor(i, at),
      );
      expect(read).toEqual(ancestors);
    }
  });

  it("takes no key of more than 32 KiB", () => {
    const random = seededRandom(runSeed());
    const long = [aChild("", random), aChild("x".repeat(0x8000), random)];
    expect(() => encodeBranch(long)).toThrow(new RangeError("a key of 32768 bytes"));
  });
});
