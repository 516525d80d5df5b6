import type { PluginDeps } from "../plugin.ts";
import type { Backlog } from "./backlog.ts";
import { Keeper, type KeptWork, LONGEST_WAIT_MS, pause } from "./keeper.ts";

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
  /** How many entries may be pending when another comes. */
  readonly mostPending: number;
  /** Sends them on; rejects where they did not arrive. */
  readonly deliver: (entries: readonly E[]) => Promise<void>;
}

type WaitUntil = (work: Promise<unknown>) => void;

/** No attempt to send begins later than this after the request that sends. */
const LAST_ATTEMPT_MS = 27_000;
/** By then the platform has ended it. */
const ENDED_MS = 31_000;
/** A batch is sent before it is longer than an intake takes at once. */
const FULL_BATCH_UNITS = 4 * 1024 * 1024;

/** Entries on their way, until the platform would have ended the request that sends them. */
interface Sending<E> {
  readonly entries: readonly E[];
  readonly until: number;
}

/**
 * Entries of requests, on their way in batches. The request that fills one sends it; what is not filled in
 * time is sent by the keeper.
 */
export class Batch<E extends Written> {
  readonly #options: BatchOptions<E>;
  readonly #deps: Pick<PluginDeps, "timers" | "now" | "log">;
  readonly #keeper: Keeper;
  readonly #sending = new Set<Sending<E>>();
  #entries: E[] = [];
  #units = 0;
  #firstAt = 0;
  #lastAt = 0;

  constructor(options: BatchOptions<E>, deps: Pick<PluginDeps, "timers" | "now" | "log">) {
    this.#options = options;
    this.#deps = deps;
    const { inactive_timeout: inactive, buffer_duration: buffered } = options.settings;
    const mostMs = Math.min(buffered * 1000, LONGEST_WAIT_MS);
    const work: KeptWork = {
      dueAt: () =>
        this.#entries.length === 0
          ? undefined
          : Math.min(this.#lastAt + inactive * 1000, this.#firstAt + mostMs),
      act: (since) => this.#send(this.#taken(), since),
    };
    this.#keeper = new Keeper(work, deps);
  }

  /** Never throws, and nothing is waited for but by `waitUntil`. */
  add(entry: E, waitUntil: WaitUntil): void {
    const { settings, backlog, mostPending } = this.#options;
    const now = this.#deps.now();
    this.#giveUp(now);
    if (!backlog.takes(entry, settings.name, mostPending)) return;
    if (this.#entries.length === 0) this.#firstAt = now;
    this.#entries.push(entry);
    this.#units += entry.length;
    this.#lastAt = now;
    const { length } = this.#entries;
    if (length >= settings.batch_max_size || this.#units >= FULL_BATCH_UNITS) {
      waitUntil(this.#send(this.#taken(), now));
    } else {
      this.#keeper.left(waitUntil);
    }
  }

  #taken(): readonly E[] {
    const entries = this.#entries;
    this.#entries = [];
    this.#units = 0;
    return entries;
  }

  /** `since`: when the request ended that sends, or when it began to keep. */
  async #send(entries: readonly E[], since: number): Promise<void> {
    const { settings, deliver } = this.#options;
    const sending = { entries, until: since + ENDED_MS };
    this.#sending.add(sending);
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
          this.#lost(entries, reason);
          break;
        }
        await pause(this.#deps, delay * 1000);
      }
    }
    this.#done(sending);
  }

  /** Whoever sent these was ended meanwhile, so that nobody says what became of them. */
  #giveUp(now: number): void {
    for (const sending of this.#sending) {
      if (now <= sending.until) continue;
      this.#lost(sending.entries, "the platform ended the request that was sending them");
      this.#done(sending);
    }
  }

  #done(sending: Sending<E>): void {
    if (this.#sending.delete(sending)) this.#options.backlog.release(sending.entries);
  }

  #lost({ length }: readonly E[], reason: string): void {
    this.#deps.log(`${this.#options.settings.name}: ${length} entries are lost: ${reason}`);
  }
}
