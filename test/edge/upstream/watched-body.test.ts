import { describe, expect, it } from "vitest";
import { inLargePieces, watchedBody } from "../../../edge/upstream/watched-body.ts";

const KIB = 1024;
const BYTES = crypto.getRandomValues(new Uint8Array(32 * KIB));

/** Of the platform's own making, which comes in pieces of 4 KiB unless more is asked for. */
const aBody = () => new Blob(Array.from({ length: 8 }, () => BYTES)).stream();

describe("a body that is watched", () => {
  it("passes whole, in few pieces", async () => {
    const pieces: number[] = [];
    const ends: string[] = [];
    const watched = watchedBody(aBody(), {
      piece: ({ length }) => pieces.push(length),
      end: (how) => ends.push(how),
    });
    const passed = new Uint8Array(await new Response(watched).arrayBuffer());
    expect(passed.subarray(-BYTES.length)).toEqual(BYTES);
    expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(256 * KIB);
    expect(pieces.length).toBeLessThan(12);
    expect(ends).toEqual(["whole"]);
  });

  it("is cut where its source breaks off, or nobody wants the rest", async () => {
    const ends: string[] = [];
    const end = (how: string) => ends.push(how);
    const failing = new ReadableStream<Uint8Array>({
      pull: () => Promise.reject(new Error("cut")),
    });
    await expect(new Response(watchedBody(failing, { end })).text()).rejects.toThrow("cut");
    let reason: unknown;
    const source = new ReadableStream<Uint8Array>({
      cancel: (why) => {
        reason = why;
      },
    });
    await watchedBody(source, { end }).cancel("enough");
    expect(ends).toEqual(["cut", "cut"]);
    expect(reason).toBe("enough");
  });
});

describe("a body in large pieces", () => {
  it("is the same, also through a filter", async () => {
    let pieces = 0;
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        pieces += 1;
        controller.enqueue(piece);
      },
    });
    const passed = inLargePieces(aBody()).pipeThrough(counting);
    expect((await new Response(passed).arrayBuffer()).byteLength).toBe(256 * KIB);
    expect(pieces).toBeLessThan(12);
  });
});
