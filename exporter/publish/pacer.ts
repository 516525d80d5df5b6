import type { Clock } from "../clock.ts";

export interface PacerOptions {
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** The least time between the begins of two jobs; 0: at once. */
  readonly intervalMs: number;
  /** After failure n the wait is random between half of and `firstBackoffMs * 2^(n-1)`. */
  readonly firstBackoffMs?: number;
  readonly maxBackoffMs?: number;
  /** Does what is due now. Throws where it must be tried again. */
  readonly job: () => Promise<void>;
  readonly onFailure: (error: unknown, retryInMs: number) => void;
}

/** Runs a job at our own pace: one at a time, nudges coalesced to the latest, failures backed off. */
export class Pacer {
  readonly #options: PacerOptions;
  #due = false;
  #wake: (() => void) | undefined;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** There is something to do. Many nudges while a job runs make one job after it. */
  nudge(): void {
    this.#due = true;
    this.#wake?.();
  }

  /** Runs until `signal` aborts; a job that is under way then is finished first. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs, job, onFailure } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      await this.#nudged(signal);
      if (signal.aborted) return;
      this.#due = false;
      const began = clock.now();
      try {
        await job();
        failures = 0;
      } catch (error) {
        failures += 1;
        const wait = this.#backoffMs(failures);
        onFailure(error, wait);
        this.#due = true;
        await clock.sleep(wait, signal);
      }
      await clock.sleep(Math.max(0, began + intervalMs - clock.now()), signal);
    }
  }

  #nudged(signal: AbortSignal): Promise<void> {
    if (this.#due || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#wake = undefined;
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done);
    });
  }

  #backoffMs(failures: number): number {
    const { firstBackoffMs = 500, maxBackoffMs = 15_000, random } = this.#options;
    const limit = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (failures - 1));
    return Math.round(limit * (0.5 + random() / 2));
  }
}
