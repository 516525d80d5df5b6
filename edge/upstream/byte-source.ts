import { UpstreamFailure } from "./failure.ts";
import { PieceReader } from "./piece-reader.ts";
import type { Timers } from "./timers.ts";

/**
 * Bytes from an upstream, with a limit on the wait for the next piece. The clock runs only while somebody
 * waits, so a slow client costs the upstream nothing, and only once it was started.
 */
export class ByteSource {
  readonly #reader: PieceReader;
  readonly #timers: Timers;
  readonly #limitMs: number;
  #clockRuns = false;
  #left: Uint8Array | undefined;
  #onLate: (() => void) | undefined;
  #disarm: () => void = () => undefined;

  constructor(readable: ReadableStream<Uint8Array>, timers: Timers, limitMs: number) {
    this.#reader = new PieceReader(readable);
    this.#timers = timers;
    this.#limitMs = limitMs;
  }

  /** From now on the limit counts; the wait that is on begins anew. */
  startClock(): void {
    this.#clockRuns = true;
    this.#arm();
  }

  /** The next piece; undefined where the other side has ended. Throws `UpstreamFailure`. */
  next(): Promise<Uint8Array | undefined> {
    if (this.#left) {
      const left = this.#left;
      this.#left = undefined;
      return Promise.resolve(left);
    }
    return new Promise((resolve, reject) => {
      const late = `nothing came for ${this.#limitMs} ms`;
      this.#onLate = () => reject(new UpstreamFailure("timeout", true, late));
      if (this.#clockRuns) this.#arm();
      this.#reader.next().then(
        (piece) => {
          this.#stopWaiting();
          resolve(piece);
        },
        (cause) => {
          this.#stopWaiting();
          reject(new UpstreamFailure("broken", true, "the connection was lost", { cause }));
        },
      );
    });
  }

  /** Puts bytes back that belong to what comes next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#left = bytes;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  /** Before the piece is handed over: whoever gets it may begin the next wait at once. */
  #stopWaiting(): void {
    this.#disarm();
    this.#onLate = undefined;
  }

  #arm(): void {
    this.#disarm();
    const onLate = this.#onLate;
    if (onLate) this.#disarm = this.#timers.after(this.#limitMs, onLate);
  }
}
