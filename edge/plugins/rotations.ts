import { createRoundRobin, type RoundRobin } from "../balancer/round-robin.ts";
import { BoundedMap } from "../bounded-map.ts";

const ROTATIONS_KEPT = 10_000;

/** One share of a plugin's configuration. */
export interface Share {
  /** Its place in the configuration. */
  readonly at: number;
  readonly weight: number;
}

/**
 * What an isolate remembers of rotations between the shares of configurations, so that a new generation
 * goes on where the last one stopped, where the configuration is still the same.
 */
export class Rotations {
  readonly #random: () => number;
  readonly #kept = new BoundedMap<string, RoundRobin<Share>>(ROTATIONS_KEPT);

  constructor(random: () => number) {
    this.#random = random;
  }

  /** `key` tells where the shares stand, and what they are. Draws the place of the next one. */
  of(key: string, shares: readonly Share[]): () => number {
    const known = this.#kept.get(key);
    const rotation = known ?? createRoundRobin(shares, this.#random);
    if (!known) this.#kept.set(key, rotation);
    return () => rotation.untried().next().value?.at ?? 0;
  }
}
