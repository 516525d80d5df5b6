import { describe, expect, it } from "vitest";
import type { Body } from "../../../shared/snapshot/body-chunk.ts";
import { BodyChunk, encodeBodyChunk } from "../../../shared/snapshot/body-chunk.ts";
import { SnapshotError } from "../../../shared/snapshot/errors.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

const body = (key: string, value: unknown): Pick<Body, "key" | "json"> => ({
  key,
  json: JSON.stringify(value),
});

describe("a body chunk", () => {
  it("finds every key it was given and no other", () => {
    const keys = Array.from({ length: 300 }, (_, i) => `routes/${(i * 7919) % 1000}-ü`);
    const chunk = new BodyChunk(encodeBodyChunk(keys.map((key) => body(key, { key }))), "c");
    for (const key of keys) expect(chunk.find(key)).toEqual({ key });
    expect(chunk.find("routes/none")).toBeUndefined();
    expect(chunk.find("")).toBeUndefined();
    expect(chunk.count).toBe(300);
  });

  it("has the same bytes whatever the order of its bodies", () => {
    const bodies = ["b", "a", "é", "aa", "A"].map((key) => body(key, key));
    expect(encodeBodyChunk(bodies.toReversed())).toEqual(encodeBodyChunk(bodies));
  });

  it("lists its bodies in the byte order of their keys", () => {
    const bodies = ["b", "a", "é", "aa", "A"].map((key) => body(key, key));
    const chunk = new BodyChunk(encodeBodyChunk(bodies), "c");
    expect([...chunk.bodies()].map(({ key }) => key)).toEqual(["A", "a", "aa", "b", "é"]);
  });

  it("may lie anywhere in a larger buffer", () => {
    const encoded = encodeBodyChunk([body("k", 1)]);
    const wider = new Uint8Array(encoded.length + 13);
    wider.set(encoded, 13);
    expect(new BodyChunk(wider.subarray(13), "c").find("k")).toBe(1);
  });

  it("that is damaged throws `corrupt` or gives a value, but never anything else", () => {
    const seed = runSeed();
    const random = seededRandom(seed);
    const good = encodeBodyChunk(["a", "b", "c", "d"].map((key) => body(`routes/${key}`, { key })));
    for (let round = 0; round < 3000; round++) {
      const bytes = good.slice(0, random.chance(0.3) ? random.below(good.length) : good.length);
      for (let flips = random.below(4); flips > 0 && bytes.length > 0; flips--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      try {
        const chunk = new BodyChunk(bytes, "c");
        chunk.find("routes/b");
        for (const _ of chunk.bodies()) void _;
      } catch (error) {
        expect(error, `seed ${seed}, round ${round}`).toBeInstanceOf(SnapshotError);
      }
    }
  });
});
