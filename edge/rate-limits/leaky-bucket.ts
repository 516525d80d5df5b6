/** A bucket that each request fills by one and that leaks at a rate, as `limit-req` keeps it. */

export interface BucketAsk {
  /** Requests a second. */
  readonly rate: number;
  /** How full the bucket may be. */
  readonly burst: number;
}

export interface BucketVerdict {
  readonly passes: boolean;
  /** What the request is to wait so that no more than `rate` pass. */
  readonly delayMs: number;
}

export interface BucketState {
  readonly excess: number;
  /** Milliseconds since 1970 of the last request that passed. */
  readonly at: number;
}

export interface PouredBucket {
  readonly state: BucketState;
  readonly verdict: BucketVerdict;
}

/** The first request finds the bucket empty and leaves it so. `now`: milliseconds since 1970. */
export function pourInto(
  state: BucketState | undefined,
  { rate, burst }: BucketAsk,
  now: number,
): PouredBucket {
  const excess = state
    ? Math.max(state.excess - (rate * Math.abs(now - state.at)) / 1000 + 1, 0)
    : 0;
  if (state && excess > burst) {
    return { state, verdict: { passes: false, delayMs: 0 } };
  }
  return {
    state: { excess, at: now },
    verdict: { passes: true, delayMs: (excess / rate) * 1000 },
  };
}

/** Milliseconds since 1970 from which on the state is as good as none. */
export function staleFrom({ excess, at }: BucketState, { rate }: BucketAsk): number {
  return at + ((excess + 1) / rate) * 1000;
}
