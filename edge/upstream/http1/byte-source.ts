import { UpstreamFailure } from "../failure.ts";
import { type Timers, within } from "../timers.ts";

/** Bytes from a connection, with a limit on the wait between two pieces. */
export class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #timers: Timers;
  readonly #readTimeoutMs: number;
  #left: Uint8Array | undefined;

  constructor(readable: ReadableStream<Uint8Array>, timers: Timers, readTimeoutMs: number) {
    this.#reader = readable.getReader();
    this.#timers = timers;
    this.#readTimeoutMs = readTimeoutMs;
  }

  /** The next piece; undefined where the other side has ended. Throws `UpstreamFailure`. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#left) {
      const left = this.#left;
      this.#left = undefined;
      return left;
    }
    const late = () =>
      new UpstreamFailure("timeout", true, `nothing came for ${this.#readTimeoutMs} ms`);
    try {
      const read = within(this.#timers, this.#readTimeoutMs, this.#reader.read(), late);
      const { done, value } = await read;
      return done ? undefined : value;
    } catch (cause) {
      if (cause instanceof UpstreamFailure) throw cause;
      throw new UpstreamFailure("broken", true, "the connection was lost", { cause });
    }
  }

  /** Puts bytes back that belong to what comes next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#left = bytes;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }
}
