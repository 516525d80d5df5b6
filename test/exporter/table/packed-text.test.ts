import { inflateRawSync } from "node:zlib";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { PackedText, TextPages } from "../../../exporter/table/packed-text.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

// The real one, and counted.
vi.mock("node:zlib", async (importOriginal) => {
  const zlib = await importOriginal<typeof import("node:zlib")>();
  return { ...zlib, inflateRawSync: vi.fn(zlib.inflateRawSync) };
});

const unpacked = vi.mocked(inflateRawSync);
const ON_A_PAGE = 64;

function keep(pages: TextPages, text: string): PackedText {
  const packed = new PackedText(text);
  pages.keep(packed);
  return packed;
}

function textOf(row: number, turn = 0): string {
  return JSON.stringify({ row, turn, ä: "x".repeat(row % 300) });
}

describe("packed texts", () => {
  beforeEach(() => void unpacked.mockClear());

  it("unpacks each page once, in whatever order its texts are read", () => {
    const pages = new TextPages();
    const count = 40 * ON_A_PAGE;
    const packed = Array.from({ length: count }, (_, row) => keep(pages, textOf(row)));
    // As after many changes: of one row after the other each is on another page.
    for (let first = 0; first < ON_A_PAGE; first++) {
      for (let row = first; row < count; row += ON_A_PAGE) {
        expect(packed[row]?.read()).toBe(textOf(row));
      }
    }
    expect(unpacked).toHaveBeenCalledTimes(count / ON_A_PAGE);
  });

  it("has no more at hand than some megabytes", () => {
    const pages = new TextPages();
    const large = "y".repeat(32 << 10);
    const packed = Array.from({ length: 4 * ON_A_PAGE }, (_, row) => keep(pages, `${row}${large}`));
    const readOneOfEach = () => {
      for (let row = 0; row < packed.length; row += ON_A_PAGE) packed[row]?.read();
    };
    readOneOfEach();
    readOneOfEach();
    // Four pages of two megabytes each, read in turns: what is wanted next was let go.
    expect(unpacked).toHaveBeenCalledTimes(8);
  });

  it("gives every text back while others are changed and dropped", () => {
    const random = seededRandom(runSeed());
    const pages = new TextPages();
    const held = new Map<number, { packed: PackedText; text: string }>();
    for (let turn = 1; turn <= 3000; turn++) {
      const row = random.below(500);
      const before = held.get(row);
      const text = textOf(row, turn);
      if (before) pages.drop(before.packed);
      if (before && random.chance(0.2)) held.delete(row);
      else held.set(row, { text, packed: keep(pages, text) });
      const read = held.get(random.below(500));
      if (read) expect(read.packed.read(), `seed ${random.seed}`).toBe(read.text);
      if (before) expect(before.packed.read(), `seed ${random.seed}`).toBe(before.text);
    }
    for (const { packed, text } of held.values()) expect(packed.read()).toBe(text);
  });
});
