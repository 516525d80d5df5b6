import type { PluginDeps } from "../plugin.ts";
import type { Backlog } from "./backlog.ts";

/** The batch processor's fields of a configuration (reference 7.1); times in seconds. */
export interface BatchSettings {
  readonly name: string;
  readonly batch_max_size: number;
  readonly inactive_timeout: number;
  readonly buffer_duration: number;
  readonly max_retry_count: number;
  readonly retry_delay: number;
}

/** What goes into a batch: the text or bytes of one entry, written when its request ends. */
export type Written = string | Uint8Array;

export interface BatchOptions<E extends Written> {
  readonly settings: BatchSettings;
  /** Of all batches of a plugin. */
  readonly backlog: Backlog;
  /** Sends them on; rejects where they did not arrive. */
  readonly deliver: (entries: readonly E[]) => Promise<void>;
}

type WaitUntil = (work: Promise<unknown>) => void;

/**
 * The platform ends what a request has left to be done 30 s after its answer; the rest is for sending.
 * No entry waits longer, whatever `buffer_duration` and `inactive_timeout` say.
 */
const LONGEST_WAIT_MS = 20_000;
/** No attempt to send begins later than this after the request that sends. */
const LAST_ATTEMPT_MS = 27_000;
/** A keeper that has not sent by so much later is gone. */
const GRACE_MS = 1000;
/** A batch is sent before it is longer than an intake takes at once. */
const FULL_BATCH_UNITS = 4 * 1024 * 1024;

/**
 * Entries of requests, on their way in batches. Nothing runs in an isolate between requests, so requests
 * do it: the one that fills a batch sends it; and there is always one, the keeper, which has the platform
 * wait until the entries that it and others left are due, and sends them. Requests share the entries, which
 * are plain values, and no promise.
 */
export class Batch<E extends Written> {
  readonly #options: BatchOptions<E>;
  readonly #deps: Pick<PluginDeps, "timers" | "now" | "log">;
  #entries: E[] = [];
  #units = 0;
  #firstAt = 0;
  #lastAt = 0;
  /** Undefined: no request keeps. */
  #keeper: { readonly until: number } | undefined;

  constructor(options: BatchOptions<E>, deps: Pick<PluginDeps, "timers" | "now" | "log">) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Never throws, and nothing is waited for but by `waitUntil`. */
  add(entry: E, waitUntil: WaitUntil): void {
    const { settings, backlog } = this.#options;
    if (!backlog.takes(entry, settings.name)) return;
    const now = this.#deps.now();
    if (this.#entries.length === 0) this.#firstAt = now;
    this.#entries.push(entry);
    this.#units += entry.length;
    this.#lastAt = now;
    const isFull =
      this.#entries.length >= settings.batch_max_size || this.#units >= FULL_BATCH_UNITS;
    if (isFull) {
      waitUntil(this.#send(this.#taken(), now));
    } else if (!this.#keeper || now > this.#keeper.until + GRACE_MS) {
      waitUntil(this.#keep(now));
    }
  }

  async #keep(since: number): Promise<void> {
    const { inactive_timeout: inactive, buffer_duration: buffered } = this.#options.settings;
    const mostMs = Math.min(buffered * 1000, LONGEST_WAIT_MS);
    const me = { until: since + LONGEST_WAIT_MS };
    this.#keeper = me;
    while (this.#keeper === me && this.#entries.length > 0) {
      const dueAt = Math.min(this.#lastAt + inactive * 1000, this.#firstAt + mostMs, me.until);
      const waitMs = dueAt - this.#deps.now();
      if (waitMs <= 0) {
        // Whoever comes while this is sent is the next to keep.
        this.#keeper = undefined;
        await this.#send(this.#taken(), since);
        return;
      }
      await this.#sleep(waitMs);
    }
    // All was sent by those who filled batches; or another took over.
    if (this.#keeper === me) this.#keeper = undefined;
  }

  #taken(): readonly E[] {
    const entries = this.#entries;
    this.#entries = [];
    this.#units = 0;
    return entries;
  }

  /** `since`: when the request that sends ended. */
  async #send(entries: readonly E[], since: number): Promise<void> {
    const { settings, backlog, deliver } = this.#options;
    const { max_retry_count: retries, retry_delay: delay } = settings;
    for (let failures = 0; ; ) {
      try {
        await deliver(entries);
        break;
      } catch (error) {
        failures += 1;
        const nextAt = this.#deps.now() + delay * 1000;
        if (failures > retries || nextAt > since + LAST_ATTEMPT_MS) {
          const reason = error instanceof Error ? error.message : String(error);
          this.#deps.log(`${settings.name}: ${entries.length} log entries are lost: ${reason}`);
          break;
        }
        await this.#sleep(delay * 1000);
      }
    }
    backlog.release(entries);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#deps.timers.after(ms, resolve));
  }
}
