import { buildRing, type HashRing } from "./hash-ring.ts";
import type { NodeGroup } from "./node-group.ts";

/** 12 MB of an isolate's 128. */
const POINTS_KEPT = 1_500_000;

/**
 * The rings of an isolate, each built when it is first asked for. Where they become too many, those not
 * asked for the longest are dropped, to be built again.
 */
export class RingShelf {
  readonly #limit: number;
  /** The one asked for last is the last. */
  readonly #rings = new Map<NodeGroup, HashRing>();
  #points = 0;

  constructor(limit = POINTS_KEPT) {
    this.#limit = limit;
  }

  /** All that is kept. */
  get points(): number {
    return this.#points;
  }

  ringOf(group: NodeGroup): HashRing {
    const held = this.#rings.get(group);
    const ring = held ?? buildRing(group);
    if (held) this.#rings.delete(group);
    else this.#points += ring.points;
    this.#rings.set(group, ring);
    if (!held) this.#dropOldest();
    return ring;
  }

  /** One ring is kept, however large. */
  #dropOldest(): void {
    for (const [group, { points }] of this.#rings) {
      if (this.#points <= this.#limit || this.#rings.size === 1) return;
      this.#rings.delete(group);
      this.#points -= points;
    }
  }
}
