import type { Clock } from "../../exporter/clock.ts";

/**
 * Time that moves only when a test moves it. Between two steps everything that can run without time
 * passing has run, so a simulation on one seed is the same every time.
 */
export interface VirtualClock extends Clock {
  /** Runs `action` once `ms` have passed; the answer cancels it. */
  after(ms: number, action: () => void): () => void;
  /** Moves to the next timer within `limitMs` and fires it; without one, moves by `limitMs`. */
  step(limitMs: number): Promise<void>;
  /** Moves on by `ms`, firing every timer on the way. */
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

export function virtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = startMs;
  let order = 0;
  const timers = new Set<Timer>();

  const after = (ms: number, action: () => void) => {
    // Whole milliseconds: with fractions the time left could be too small to add.
    const timer = { at: now + Math.max(0, Math.ceil(ms)), order: order++, action };
    timers.add(timer);
    return () => void timers.delete(timer);
  };

  const step = async (limitMs: number) => {
    await settle();
    const next = earliest(timers);
    if (!next || next.at > now + limitMs) {
      now += limitMs;
      return;
    }
    timers.delete(next);
    now = Math.max(now, next.at);
    next.action();
    await settle();
  };

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const cancel = after(ms, done);
        function done(): void {
          cancel();
          signal?.removeEventListener("abort", done);
          resolve();
        }
        signal?.addEventListener("abort", done);
      }),
    after,
    step,
    advance: async (ms) => {
      const end = now + Math.ceil(ms);
      while (now < end) await step(end - now);
      await settle();
    },
  };
}

function earliest(timers: ReadonlySet<Timer>): Timer | undefined {
  let first: Timer | undefined;
  for (const timer of timers) {
    if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) {
      first = timer;
    }
  }
  return first;
}

/** Lets promises, and what the event loop has ready, run until nothing more happens by itself. */
export async function settle(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
