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
