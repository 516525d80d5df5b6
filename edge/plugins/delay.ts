import type { Timers } from "../upstream/timers.ts";

/** Settles after `ms`; at once for less than a millisecond. */
export async function delay(timers: Timers, ms: number): Promise<void> {
  if (ms < 1) return;
  await new Promise<void>((resolve) => timers.after(ms, resolve));
}
