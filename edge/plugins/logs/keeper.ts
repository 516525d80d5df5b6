import type { PluginDeps } from "../plugin.ts";

/**
 * The platform ends what a request has left to be done 30 s after its answer; the rest is for sending.
 * Nothing that is kept waits longer.
 */
export const LONGEST_WAIT_MS = 20_000;
/** A keeper that has not done its work by so much later is gone. */
const GRACE_MS = 1000;

export interface KeptWork {
  /** When it is to be done, in milliseconds since 1970; undefined: nothing is waiting. */
  dueAt(): number | undefined;
  /** `since`: when the request began to keep that does it now. */
  act(since: number): Promise<void>;
}

/**
 * Work for later. Nothing runs in an isolate between requests, so there is always one request, the keeper,
 * that has the platform wait until what it and others left is due, and does it. Requests share plain values,
 * and no promise.
 */
export class Keeper {
  readonly #work: KeptWork;
  readonly #deps: Pick<PluginDeps, "timers" | "now">;
  /** Undefined: no request keeps. */
  #keeping: { readonly until: number } | undefined;

  constructor(work: KeptWork, deps: Pick<PluginDeps, "timers" | "now">) {
    this.#work = work;
    this.#deps = deps;
  }

  /** A request has left something; it keeps, if no other does. */
  left(waitUntil: (work: Promise<unknown>) => void): void {
    const now = this.#deps.now();
    if (this.#keeping && now <= this.#keeping.until + GRACE_MS) return;
    waitUntil(this.#keep(now));
  }

  async #keep(since: number): Promise<void> {
    const me = { until: since + LONGEST_WAIT_MS };
    this.#keeping = me;
    while (this.#keeping === me) {
      const dueAt = this.#work.dueAt();
      if (dueAt === undefined) {
        this.#keeping = undefined;
        return;
      }
      const waitMs = Math.min(dueAt, me.until) - this.#deps.now();
      if (waitMs <= 0) {
        // Whoever comes while this is done is the next to keep.
        this.#keeping = undefined;
        await this.#work.act(since);
        return;
      }
      await pause(this.#deps, waitMs);
    }
  }
}

export function pause({ timers }: Pick<PluginDeps, "timers">, ms: number): Promise<void> {
  return new Promise((resolve) => void timers.after(ms, resolve));
}
