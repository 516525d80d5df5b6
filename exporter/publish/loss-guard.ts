/** Invariant 6: a sudden loss is not published by itself. */
export interface LossGuard {
  /** Share of the live routes, 0 to 1: losing more than this is held. */
  readonly share: number;
  /** Losing fewer routes than this is never held. */
  readonly minimum: number;
}

export const LOSS_GUARD_DEFAULT: LossGuard = { share: 0.5, minimum: 10 };

export interface HeldLoss {
  /** Live routes that the publish would remove, and all live routes. */
  readonly removed: number;
  readonly live: number;
  readonly message: string;
}

/** Why this publish must wait for a person; undefined: it need not. `guard` undefined is off. */
export function heldLoss(
  removed: number,
  live: number,
  guard: LossGuard | undefined,
): HeldLoss | undefined {
  if (!guard || removed < guard.minimum || removed <= live * guard.share) return undefined;
  const percent = Math.round((removed / live) * 100);
  const message =
    `publishing would remove ${removed} of ${live} live routes (${percent} %). ` +
    "Nothing is published until they are back in etcd, or until `snapgate publish --force` says that " +
    "they are meant to go.";
  return { removed, live, message };
}

/**
 * The routes of the live generation, and how many of them the next publish would remove: kept up change by
 * change. Keys are below the prefix.
 */
export class LiveRoutes {
  readonly #live: Set<string>;
  /** Those among them that are not in the table any more. */
  readonly #gone = new Set<string>();
  /** Routes that changed since the last `take`, and whether the table has them. */
  #changed = new Map<string, boolean>();
  /** The same of what was taken, but is not live. */
  #taken = new Map<string, boolean>();

  /** `live` becomes this object's own; `table` is what is to be published. */
  constructor(live: Set<string>, table: { has(key: string): boolean; keys: Iterable<string> }) {
    this.#live = live;
    for (const key of live) if (!table.has(key)) this.note(key, false);
    for (const key of table.keys) if (!live.has(key)) this.note(key, true);
  }

  get size(): number {
    return this.#live.size;
  }

  /** Takes in that the table has, or has not, this route now. */
  note(key: string, isThere: boolean): void {
    this.#changed.set(key, isThere);
    this.#judge(key, isThere);
  }

  /** What is noted is now being published; returns how many live routes that would remove. */
  take(): number {
    if (this.#taken.size === 0) this.#taken = this.#changed;
    else for (const [key, isThere] of this.#changed) this.#taken.set(key, isThere);
    this.#changed = new Map();
    return this.#gone.size;
  }

  /** What was taken is live. */
  settle(): void {
    const taken = this.#taken;
    this.#taken = new Map();
    for (const [key, isThere] of taken) {
      if (isThere) this.#live.add(key);
      else this.#live.delete(key);
      this.#judge(key, this.#changed.get(key) ?? isThere);
    }
  }

  #judge(key: string, isThere: boolean): void {
    if (!isThere && this.#live.has(key)) this.#gone.add(key);
    else this.#gone.delete(key);
  }
}
