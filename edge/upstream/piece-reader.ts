const FIRST_PIECE_BYTES = 4 * 1024;
const LARGEST_PIECE_BYTES = 64 * 1024;

/**
 * Reads a stream in pieces that grow as long as they come full. The platform's own streams give 4 KiB at a
 * time unless they are asked for more, and each piece costs a turn of the event loop.
 */
export class PieceReader {
  readonly #next: () => Promise<ReadableStreamReadResult<Uint8Array>>;
  readonly #cancel: (reason: unknown) => Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    const reader = byteReader(stream);
    if (reader) {
      let size = FIRST_PIECE_BYTES;
      this.#next = async () => {
        const result = await reader.read(new Uint8Array(size));
        if (result.value?.length === size) size = Math.min(2 * size, LARGEST_PIECE_BYTES);
        return result;
      };
      this.#cancel = (reason) => reader.cancel(reason);
    } else {
      const plain = stream.getReader();
      this.#next = () => plain.read();
      this.#cancel = (reason) => plain.cancel(reason);
    }
  }

  /** The next piece, never an empty one; undefined at the end. Rejects as the stream does. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await this.#next();
      if (done) return undefined;
      if (value.length > 0) return value;
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#cancel(reason).catch(() => undefined);
  }
}

/** Undefined where the stream is not one of bytes, but of arrays. */
function byteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch (error) {
    if (error instanceof TypeError && !stream.locked) return undefined;
    throw error;
  }
}
