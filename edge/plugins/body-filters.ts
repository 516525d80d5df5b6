import { joinBytes } from "../join-bytes.ts";
import type { BodyFilter } from "./plugin.ts";

/** Adds around a body, or puts something else in its place. */
export function wrapBody(parts: {
  readonly before?: Uint8Array | undefined;
  /** In place of what came. */
  readonly body?: Uint8Array | undefined;
  readonly after?: Uint8Array | undefined;
}): BodyFilter {
  const { before, body, after } = parts;
  return pieceFilter({
    start: (send) => {
      if (before) send(before);
    },
    piece: (piece, send) => {
      if (!body) send(piece);
    },
    end: (send) => {
      if (body) send(body);
      if (after) send(after);
    },
  });
}

/**
 * For those who must see the whole. Of a body beyond `maxBytes` only that much is seen, and sent: APISIX
 * cuts it too.
 */
export function wholeBody(
  maxBytes: number,
  change: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): BodyFilter {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return pieceFilter({
    piece: (piece) => {
      const taken = piece.subarray(0, maxBytes - size);
      if (taken.length > 0) pieces.push(taken);
      size += taken.length;
    },
    end: async (send) => send(await change(joinBytes(pieces, size))),
  });
}

/** Sees the body pass, and changes nothing. */
export function observeBody(see: (piece: Uint8Array) => void): BodyFilter {
  return pieceFilter({
    piece: (piece, send) => {
      see(piece);
      send(piece);
    },
  });
}

type Send = (piece: Uint8Array) => void;

export interface PieceSteps {
  readonly start?: (send: Send) => void;
  readonly piece: (piece: Uint8Array, send: Send) => void | Promise<void>;
  readonly end?: (send: Send) => void | Promise<void>;
}

/** A filter that works piece by piece; nothing is read before the client wants it. */
export function pieceFilter({ start, piece, end }: PieceSteps): BodyFilter {
  return (body) => {
    const transform = new TransformStream<Uint8Array, Uint8Array>(
      {
        start: (controller) => start?.((bytes) => controller.enqueue(bytes)),
        transform: (chunk, controller) => piece(chunk, (bytes) => controller.enqueue(bytes)),
        flush: (controller) => end?.((bytes) => controller.enqueue(bytes)),
      },
      undefined,
      // Room for what `start` sends.
      { highWaterMark: 1 },
    );
    return body.pipeThrough(transform);
  };
}
