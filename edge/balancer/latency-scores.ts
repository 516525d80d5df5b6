import { BoundedMap } from "../bounded-map.ts";

const DECAY_MS = 10_000;
const FORGOTTEN_AFTER_MS = 60_000;
const ADDRESSES_KEPT = 10_000;

/**
 * How long the nodes of an isolate took of late, by address: an average in which a sample weighs the less
 * the older it is, and that falls to nothing while there is none.
 */
export class LatencyScores {
  readonly #now: () => number;
  readonly #scores = new BoundedMap<string, { readonly ms: number; readonly at: number }>(
    ADDRESSES_KEPT,
  );

  /** Milliseconds; only differences count. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds; 0 of an address that is not known. */
  scoreOf(address: string): number {
    const known = this.#scores.get(address);
    return known ? known.ms * this.#kept(known.at) : 0;
  }

  /** Counts that the node took `ms`. */
  add(address: string, ms: number): void {
    const known = this.#scores.get(address);
    const kept = known ? this.#kept(known.at) : 0;
    const score = (known?.ms ?? 0) * kept + ms * (1 - kept);
    this.#scores.set(address, { ms: score, at: this.#now() });
  }

  #kept(at: number): number {
    const age = Math.max(0, this.#now() - at);
    return age > FORGOTTEN_AFTER_MS ? 0 : Math.exp(-age / DECAY_MS);
  }
}
