/** A quota for a span of time, as `limit-count` keeps it: pure steps from one state to the next. */

export interface WindowAsk {
  /** `fixed` begins with a key's first request, `sliding` weighs the window before by what is left of it. */
  readonly type: "fixed" | "sliding";
  readonly limit: number;
  readonly windowMs: number;
  /** At least 0; 0 asks without using anything up. */
  readonly cost: number;
  /** The requests have been let through already: they count whatever the limit says. */
  readonly isServed?: boolean;
}

export interface WindowVerdict {
  readonly passes: boolean;
  readonly remaining: number;
  /** Until a request may pass again, or the quota is whole again. */
  readonly resetMs: number;
}

export interface WindowState {
  readonly consumed: number;
  /** In the window before; of `sliding` only. */
  readonly previous: number;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

export interface CountedWindow {
  readonly state: WindowState;
  readonly verdict: WindowVerdict;
  /** Milliseconds since 1970 from which on the state is as good as none. */
  readonly staleAt: number;
}

/** `now`: milliseconds since 1970. */
export function countInWindow(
  state: WindowState | undefined,
  ask: WindowAsk,
  now: number,
): CountedWindow {
  return ask.type === "fixed" ? countFixed(state, ask, now) : countSliding(state, ask, now);
}

/** As in APISIX, what is rejected counts as well. */
function countFixed(
  state: WindowState | undefined,
  { limit, windowMs, cost, isServed = false }: WindowAsk,
  now: number,
): CountedWindow {
  const isOpen = state !== undefined && state.endsAt > now;
  const { endsAt, consumed: before } = isOpen ? state : { endsAt: now + windowMs, consumed: 0 };
  const consumed = before + cost;
  return {
    state: { consumed, previous: 0, endsAt },
    verdict: {
      passes: isServed || consumed <= limit,
      remaining: Math.max(limit - consumed, 0),
      resetMs: endsAt - now,
    },
    staleAt: endsAt,
  };
}

/** Windows begin with the clock; what is rejected does not count. */
function countSliding(
  state: WindowState | undefined,
  { limit, windowMs, cost, isServed = false }: WindowAsk,
  now: number,
): CountedWindow {
  const endsAt = (Math.floor(now / windowMs) + 1) * windowMs;
  const { consumed, previous } = rolledTo(endsAt, windowMs, state);
  const leftMs = endsAt - now;
  const rate = Math.min(previous, limit) / windowMs;
  const weighed = rate * leftMs;
  const keep = { staleAt: endsAt + windowMs };
  const rejected = (resetMs: number): CountedWindow => ({
    state: { consumed, previous, endsAt },
    verdict: { passes: false, remaining: 0, resetMs },
    ...keep,
  });
  if (!isServed && consumed >= limit) return rejected(leftMs);
  if (!isServed && weighed + consumed >= limit) {
    return rejected(Math.max(leftMs - (limit - consumed) / rate, 0));
  }
  const used = consumed + cost;
  return {
    state: { consumed: used, previous, endsAt },
    verdict: {
      passes: true,
      remaining: Math.max(Math.floor(limit - used - weighed), 0),
      resetMs: leftMs,
    },
    ...keep,
  };
}

function rolledTo(
  endsAt: number,
  windowMs: number,
  state: WindowState | undefined,
): Pick<WindowState, "consumed" | "previous"> {
  if (!state) return { consumed: 0, previous: 0 };
  // A clock that was set back must not open the quota again.
  if (state.endsAt >= endsAt) return state;
  if (state.endsAt === endsAt - windowMs) return { consumed: 0, previous: state.consumed };
  return { consumed: 0, previous: 0 };
}
