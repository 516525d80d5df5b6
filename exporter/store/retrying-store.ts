import type { Clock } from "../clock.ts";
import {
  type ListedObject,
  type ObjectStore,
  type SetOutcome,
  type StoredObject,
  StoreError,
} from "./object-store.ts";

export interface RetryOptions {
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Tries of one call, the first included. */
  readonly attempts: number;
  /** The wait before retry n is random between 0 and `firstDelayMs * 2^(n-1)`, at most `maxDelayMs`. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Once it aborts, nothing is tried again: whoever stops does not wait for a store that is away. */
  readonly signal?: AbortSignal;
  /** Told of every fault that is tried again. */
  readonly onRetry?: (error: StoreError, attempt: number) => void;
}

export const RETRY_DEFAULTS = { attempts: 5, firstDelayMs: 200, maxDelayMs: 5_000 } as const;

/** A store whose passing faults are tried again, with exponential backoff and full jitter. */
export class RetryingStore implements ObjectStore {
  readonly #inner: ObjectStore;
  readonly #options: RetryOptions;

  constructor(inner: ObjectStore, options: RetryOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  get(name: string): Promise<StoredObject | undefined> {
    return this.#retry(() => this.#inner.get(name));
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return this.#retry(() => this.#inner.put(name, bytes));
  }

  /**
   * A fault may hide that the write was done. So before another try, and after the last, the object is
   * read: our bytes there mean that it was.
   */
  async compareAndSet(
    name: string,
    bytes: Uint8Array,
    expected: string | undefined,
  ): Promise<SetOutcome> {
    let failed = false;
    return this.#retry(async () => {
      if (failed) {
        const held = await this.#inner.get(name);
        if (held && equal(held.bytes, bytes)) return { outcome: "set", etag: held.etag };
        if (held?.etag !== expected) return { outcome: "conflict" };
      }
      try {
        return await this.#inner.compareAndSet(name, bytes, expected);
      } catch (error) {
        failed = true;
        throw error;
      }
    });
  }

  /** Begins again after a fault and leaves out what was already listed. */
  async *list(prefix: string): AsyncIterable<ListedObject> {
    let last = "";
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const object of this.#inner.list(prefix)) {
          if (object.name <= last) continue;
          yield object;
          last = object.name;
        }
        return;
      } catch (error) {
        await this.#waitOrThrow(error, attempt);
      }
    }
  }

  delete(names: readonly string[]): Promise<void> {
    return this.#retry(() => this.#inner.delete(names));
  }

  async #retry<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        await this.#waitOrThrow(error, attempt);
      }
    }
  }

  async #waitOrThrow(error: unknown, attempt: number): Promise<void> {
    const { attempts, clock, firstDelayMs, maxDelayMs, onRetry, random, signal } = this.#options;
    if (!(error instanceof StoreError) || !error.retryable || attempt >= attempts) throw error;
    if (signal?.aborted) throw error;
    onRetry?.(error, attempt);
    await clock.sleep(random() * Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1)), signal);
    if (signal?.aborted) throw error;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
