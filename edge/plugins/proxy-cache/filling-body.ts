import { joinBytes } from "../../join-bytes.ts";
import { PieceReader } from "../../upstream/piece-reader.ts";

export interface Filling {
  /** Of the body, where it is known. */
  readonly length: number | undefined;
  /** A longer one is not kept. */
  readonly maxBytes: number;
  /** Takes a body that is too long to be held, as it comes; it may break off. Settles when it is taken. */
  readonly takeLong: (body: ReadableStream<Uint8Array>) => Promise<void>;
  /** The body was whole; what `takeLong` has taken is now good. Settles when it can be found. */
  readonly keep: (body: WholeBody) => Promise<void>;
  /** How long the client's answer waits for that. */
  readonly patience: (kept: Promise<void>) => Promise<void>;
}

export interface WholeBody {
  readonly length: number;
  /** Undefined: `takeLong` has it. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** A longer body goes to the cache in pieces. */
export const MOST_HELD_BYTES = 512 * 1024;
/** What the cache has not taken yet; a cache that takes nothing must not cost the isolate its memory. */
const MOST_UNTAKEN_BYTES = 8 * 1024 * 1024;

/**
 * The body on its way to the client, copied for the cache. Its end waits until the copy is kept, as in
 * APISIX: who has the whole answer finds it in the cache.
 */
export function fillingBody(
  body: ReadableStream<Uint8Array>,
  filling: Filling,
): ReadableStream<Uint8Array> {
  const { length } = filling;
  const copy = new Copy(filling);
  const reader = new PieceReader(body);
  let seen = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await reader.next().catch((error: unknown) => {
          copy.drop();
          throw error;
        });
        if (!piece) {
          if (length !== undefined && seen < length) copy.drop();
          await copy.end();
          controller.close();
          return;
        }
        seen += piece.length;
        copy.add(piece);
        // A client that knows the length takes the last byte for the end.
        if (seen === length) await copy.end();
        controller.enqueue(piece);
      },
      cancel: (reason) => {
        copy.drop();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

class Copy {
  readonly #filling: Filling;
  #size = 0;
  #held: Uint8Array[] = [];
  #long: { readonly pieces: PieceQueue; readonly taken: Promise<void> } | undefined;
  #isOver = false;

  constructor(filling: Filling) {
    this.#filling = filling;
  }

  add(piece: Uint8Array): void {
    if (this.#isOver) return;
    this.#size += piece.length;
    if (this.#size > this.#filling.maxBytes) {
      this.drop();
      return;
    }
    // Whoever takes the original may detach it.
    this.#held.push(piece.slice());
    if (this.#size > MOST_HELD_BYTES) this.#pass();
  }

  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const { keep, patience } = this.#filling;
    await patience(this.#kept(keep));
  }

  drop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    this.#long?.pieces.fail(new Error("the body is not whole, or too long to be kept"));
  }

  async #kept(keep: Filling["keep"]): Promise<void> {
    const length = this.#size;
    if (!this.#long) {
      await keep({ length, bytes: joinBytes(this.#held, length) });
      return;
    }
    this.#long.pieces.close();
    await this.#long.taken;
    await keep({ length, bytes: undefined });
  }

  #pass(): void {
    if (!this.#long) {
      const pieces = new PieceQueue();
      this.#long = { pieces, taken: this.#filling.takeLong(pieces.stream) };
    }
    for (const piece of this.#held) this.#long.pieces.add(piece);
    this.#held = [];
    if (this.#long.pieces.isFull) this.drop();
  }
}

/** Pieces that wait until somebody reads them. */
class PieceQueue {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    this.stream = new ReadableStream<Uint8Array>(
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
  }

  get isFull(): boolean {
    return (this.#controller?.desiredSize ?? 0) < 0;
  }

  add(piece: Uint8Array): void {
    this.#controller?.enqueue(piece);
  }

  close(): void {
    this.#controller?.close();
  }

  fail(error: Error): void {
    this.#controller?.error(error);
  }
}
