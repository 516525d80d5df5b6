/** Growing, jittered pauses between attempts, so that many clients do not come back at once. */
export interface Backoff {
  /** How long to wait before the next attempt, in ms. */
  next(): number;
  /** Things went well: start small again. */
  reset(): void;
}

export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

export function createBackoff(random: () => number, { minMs, maxMs }: BackoffLimits): Backoff {
  let ceiling = minMs;
  return {
    next: () => {
      ceiling = Math.min(maxMs, ceiling * 2);
      return minMs + random() * (ceiling - minMs);
    },
    reset: () => {
      ceiling = minMs;
    },
  };
}
