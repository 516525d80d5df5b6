import { describe, expect, it } from "vitest";
import { PieceReader } from "../../../edge/upstream/piece-reader.ts";

const KIB = 1024;

async function sizesOf(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  const reader = new PieceReader(stream);
  const sizes: number[] = [];
  for (let piece = await reader.next(); piece; piece = await reader.next()) {
    sizes.push(piece.length);
  }
  return sizes;
}

describe("a stream's pieces", () => {
  it("grow as long as they come full, up to 64 KiB", async () => {
    const sizes = await sizesOf(new Blob([new Uint8Array(400 * KIB)]).stream());
    expect(sizes.slice(0, 6)).toEqual([4, 8, 16, 32, 64, 64].map((size) => size * KIB));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(400 * KIB);
  });

  it("come at once, however small they are", async () => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const reader = new PieceReader(readable);
    for (const text of ["one", "two"]) {
      const written = writer.write(new TextEncoder().encode(text));
      expect(new TextDecoder().decode(await reader.next())).toBe(text);
      await written;
    }
    const closed = writer.close();
    expect(await reader.next()).toBeUndefined();
    await closed;
  });

  it("of a stream of arrays are its arrays, but for empty ones", async () => {
    const arrays = [new Uint8Array(3), new Uint8Array(), new Uint8Array(5)];
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = arrays.shift();
        if (next) controller.enqueue(next);
        else controller.close();
      },
    });
    expect(await sizesOf(stream)).toEqual([3, 5]);
  });

  it.each(["bytes", undefined] as const)("fail as the stream does (type %s)", async (type) => {
    const source = { pull: () => Promise.reject(new Error("gone")) };
    const stream = type ? new ReadableStream({ type, ...source }) : new ReadableStream(source);
    await expect(new PieceReader(stream).next()).rejects.toThrow("gone");
  });

  it("are read by one reader only", () => {
    const stream = new Blob(["x"]).stream();
    stream.getReader();
    expect(() => new PieceReader(stream)).toThrow(TypeError);
  });
});
