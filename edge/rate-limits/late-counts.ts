import { BoundedMap } from "../bounded-map.ts";
import type { Timers } from "../upstream/timers.ts";
import type { Counters } from "./counters.ts";
import type { WindowAsk, WindowVerdict } from "./window.ts";

export interface LateCountsDeps {
  readonly counters: Pick<Counters, "count">;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (line: string) => void;
}

interface Share {
  /** Of the quota, when it was last heard of. */
  remaining: number;
  resetAt: number;
  /** Let pass here since, and not told yet. */
  untold: number;
  /** Being told. */
  told: number;
  /** When the next telling is due. */
  dueAt: number;
}

const KEPT = 10_000;
/** The platform lets a request's work go on for 30 s after its answer. */
const LONGEST_WAIT_MS = 20_000;

/** `sync_interval`: counts in the isolate, and settles with the shared counter every so often. */
export class LateCounts {
  readonly #deps: LateCountsDeps;
  readonly #shares = new BoundedMap<string, Share>(KEPT);

  constructor(deps: LateCountsDeps) {
    this.#deps = deps;
  }

  /** Rejects where the counter has never been heard of and cannot be asked. */
  async count(
    identity: string,
    ask: WindowAsk,
    intervalMs: number,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<WindowVerdict> {
    const share = await this.#share(identity, ask);
    const now = this.#deps.now();
    const remaining = share.remaining - share.untold - share.told - ask.cost;
    if (remaining >= 0) share.untold += ask.cost;
    if (share.dueAt <= now) {
      share.dueAt = now + intervalMs;
      waitUntil(this.#tellLater(identity, ask, intervalMs));
    }
    return {
      passes: remaining >= 0,
      remaining: Math.max(remaining, 0),
      resetMs: Math.max(share.resetAt - now, 0),
    };
  }

  async #share(identity: string, ask: WindowAsk): Promise<Share> {
    const known = this.#shares.get(identity);
    if (known && known.resetAt > this.#deps.now()) return known;
    const share = known ?? { remaining: 0, resetAt: 0, untold: 0, told: 0, dueAt: 0 };
    await this.#tell(identity, share, ask);
    // Others may have been here meanwhile: what they let pass counts.
    const settled = this.#shares.get(identity) ?? share;
    this.#shares.set(identity, settled);
    return settled;
  }

  async #tellLater(identity: string, ask: WindowAsk, intervalMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#deps.timers.after(Math.min(intervalMs, LONGEST_WAIT_MS), resolve);
    });
    const share = this.#shares.get(identity);
    if (!share || share.untold === 0) return;
    try {
      await this.#tell(identity, share, ask);
    } catch (error) {
      this.#deps.log(`the counter ${identity} could not be told: ${error}`);
    }
  }

  async #tell(identity: string, share: Share, ask: WindowAsk): Promise<void> {
    const { counters, now } = this.#deps;
    const telling = share.untold;
    share.untold = 0;
    share.told += telling;
    try {
      const verdict = await counters.count(identity, { ...ask, cost: telling, isServed: true });
      share.remaining = verdict.remaining;
      share.resetAt = now() + verdict.resetMs;
    } catch (error) {
      share.untold += telling;
      throw error;
    } finally {
      share.told -= telling;
    }
  }
}
