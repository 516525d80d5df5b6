export interface Filling {
  /** Of the body, where it is known. */
  readonly length: number | undefined;
  /** A longer one is not kept. */
  readonly maxBytes: number;
  /** Keeps what the stream brings, unless that breaks off; settles when it is kept or will not be. */
  readonly keep: (body: ReadableStream<Uint8Array>) => Promise<void>;
  /** How long the client's answer waits for that. */
  readonly patience: (kept: Promise<void>) => Promise<void>;
}

/** What the cache has not taken yet; a cache that takes nothing must not cost the isolate its memory. */
const MOST_UNTAKEN_BYTES = 8 * 1024 * 1024;

/**
 * The body on its way to the client, copied into the cache. Its end waits until the copy is kept, as in
 * APISIX: who has the whole answer finds it in the cache.
 */
export function fillingBody(
  body: ReadableStream<Uint8Array>,
  filling: Filling,
): ReadableStream<Uint8Array> {
  const { length, maxBytes } = filling;
  const copy = new Copy(filling);
  const reader = body.getReader();
  let seen = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          copy.drop();
          throw error;
        });
        if (done) {
          if (length !== undefined && seen < length) copy.drop();
          await copy.end();
          controller.close();
          return;
        }
        seen += value.length;
        if (seen > maxBytes) copy.drop();
        else copy.add(value);
        // A client that knows the length takes the last byte for the end.
        if (seen === length) await copy.end();
        controller.enqueue(value);
      },
      cancel: (reason) => {
        copy.drop();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The stream that the cache reads. */
class Copy {
  readonly #kept: Promise<void>;
  readonly #patience: Filling["patience"];
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor({ keep, patience }: Filling) {
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => {
          this.#controller = undefined;
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_UNTAKEN_BYTES }),
    );
    this.#patience = patience;
    this.#kept = keep(stream);
  }

  add(piece: Uint8Array): void {
    if (!this.#controller) return;
    // The cache may detach what it is given, and the client needs it too.
    this.#controller.enqueue(piece.slice());
    if ((this.#controller.desiredSize ?? 0) < 0) this.drop();
  }

  end(): Promise<void> {
    this.#controller?.close();
    this.#controller = undefined;
    return this.#patience(this.#kept);
  }

  drop(): void {
    this.#controller?.error(new Error("the body is not whole, or too long to be kept"));
    this.#controller = undefined;
  }
}
