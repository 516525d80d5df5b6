import type { Clock } from "../clock.ts";

/** The consumer has asked to stop; never an error to report. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** What `promise` gives, or `Stopped` as soon as `signal` aborts. */
export async function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Whoever loses the race may still fail later, with nobody left to hear of it.
  promise.catch(() => {});
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new Stopped("stopped"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

export const TOO_LATE: unique symbol = Symbol("too late");

/** What `promise` gives, or `TOO_LATE` after `ms`; the promise can be waited for again. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  clock: Clock,
): Promise<T | typeof TOO_LATE> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, late(clock, ms, timer.signal)]);
  } finally {
    timer.abort();
  }
}

async function late(clock: Clock, ms: number, signal: AbortSignal): Promise<typeof TOO_LATE> {
  await clock.sleep(ms, signal);
  return TOO_LATE;
}

/** Settles when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
