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
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          end("cut");
          throw error;
        });
        if (!done) {
          piece?.(value);
          controller.enqueue(value);
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
