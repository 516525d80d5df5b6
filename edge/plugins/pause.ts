import type { Timers } from "../upstream/timers.ts";

/** Resolves after `ms`. */
export function pause(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(ms, resolve);
  });
}
