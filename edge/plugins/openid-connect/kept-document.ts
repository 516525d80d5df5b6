import { type Timers, within } from "../../upstream/timers.ts";

/** For what a provider is asked, and how long a request waits. */
export interface Asking {
  readonly timeoutMs: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export interface KeptDocumentDeps<T> {
  readonly read: (asking: Asking) => Promise<T>;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Ages {
  /** Older than this it is read anew; */
  readonly freshMs: number;
  /** and up to this old it does where it cannot be read. */
  readonly usableMs: number;
}

/** While something cannot be read, it is asked for this often: an outage must not hold up every request. */
const RETRY_AFTER_MS = 5_000;
/** Clients can name keys that are not there as often as they like; the provider is asked no more often. */
const REREAD_AFTER_MS = 30_000;

/** Something that a provider publishes, read by one request at a time and kept in the isolate. */
export class KeptDocument<T> {
  readonly #deps: KeptDocumentDeps<T>;
  #held: { readonly value: T; readonly readAt: number } | undefined;
  #failed: { readonly error: unknown; readonly at: number } | undefined;
  #pending: Promise<T> | undefined;

  constructor(deps: KeptDocumentDeps<T>) {
    this.#deps = deps;
  }

  /** Throws what reading throws. */
  async get({ freshMs, usableMs }: Ages, asking: Asking): Promise<T> {
    const held = this.#held;
    const age = held ? this.#deps.now() - held.readAt : Number.POSITIVE_INFINITY;
    if (held && age < freshMs) return held.value;
    try {
      return await this.#readOnce(asking);
    } catch (error) {
      if (held && age < usableMs) return held.value;
      throw error;
    }
  }

  /** A later one than `value`, unless that one is so new that there can hardly be one; then undefined. */
  async newer(value: T, asking: Asking): Promise<T | undefined> {
    const held = this.#held;
    if (held && held.value !== value) return held.value;
    if (held && this.#deps.now() - held.readAt < REREAD_AFTER_MS) return undefined;
    try {
      return await this.#readOnce(asking);
    } catch {
      return undefined;
    }
  }

  #readOnce(asking: Asking): Promise<T> {
    const { timers, now } = this.#deps;
    const failed = this.#failed;
    if (failed && now() - failed.at < RETRY_AFTER_MS) return Promise.reject(failed.error);
    if (!this.#pending) return this.#read(asking);
    const pending = this.#pending;
    return within(timers, asking.timeoutMs, pending, () => {
      // Whoever began to read may be gone, and its read with it.
      if (this.#pending === pending) this.#pending = undefined;
      return new Error(`nothing in ${asking.timeoutMs} ms`);
    });
  }

  #read(asking: Asking): Promise<T> {
    const { read, now } = this.#deps;
    const pending: Promise<T> = read(asking)
      .then(
        (value) => {
          this.#held = { value, readAt: now() };
          this.#failed = undefined;
          return value;
        },
        (error: unknown) => {
          this.#failed = { error, at: now() };
          throw error;
        },
      )
      .finally(() => {
        if (this.#pending === pending) this.#pending = undefined;
      });
    this.#pending = pending;
    asking.waitUntil(pending.catch(() => undefined));
    return pending;
  }
}
