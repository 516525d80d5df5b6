import type { Log } from "./log.ts";
import type { Rejection } from "./rejection.ts";

/** One line when a key's value is refused, one when it is good again. */
export class RejectionLog {
  readonly #log: Log;
  #reported: readonly Rejection[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes all that there are now; the same array as before means the same rejections. */
  note(rejections: readonly Rejection[]): void {
    if (rejections === this.#reported) return;
    const before = new Map(this.#reported.map(({ key, revision }) => [key, revision]));
    for (const rejection of rejections) {
      const { key, revision, keptRevision } = rejection;
      if (before.get(key) !== revision) {
        const keeps = keptRevision === undefined ? "nothing" : "the last valid value";
        this.#log.warn("rejected", { ...rejection, keeps });
      }
      before.delete(key);
    }
    for (const key of before.keys()) this.#log.info("no longer rejected", { key });
    this.#reported = rejections;
  }
}
