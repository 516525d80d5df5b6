import { PieceReader } from "./piece-reader.ts";

/** How a body ended: `cut` where its source broke off or nobody wanted the rest. */
export type BodyEnd = "whole" | "cut";

export interface BodyWatcher {
  readonly piece?: (piece: Uint8Array) => void;
  readonly end: (how: BodyEnd) => void;
}

/** Piece by piece: workerd never ends a pipe from one of its own sized streams into another. */
export function watchedBody(
  body: ReadableStream<Uint8Array>,
  { piece, end }: BodyWatcher,
): ReadableStream<Uint8Array> {
  const reader = new PieceReader(body);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await reader.next().catch((error: unknown) => {
          end("cut");
          throw error;
        });
        if (next) {
          piece?.(next);
          controller.enqueue(next);
          return;
        }
        end("whole");
        controller.close();
      },
      cancel: (reason) => {
        end("cut");
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The same body in as few pieces as `PieceReader` makes of it: for what works piece by piece. */
export function inLargePieces(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return watchedBody(body, { end: () => undefined });
}
