import type { Written } from "./batch.ts";

/** As much as may wait in one isolate, of whose memory the snapshot and the requests need the rest. */
const MOST_UNITS = 16 * 1024 * 1024;

/** Entries of one plugin that have not arrived yet, in all its batches; beyond its limits new ones are dropped. */
export class Backlog {
  readonly #log: (line: string) => void;
  #mostEntries = Number.POSITIVE_INFINITY;
  #entries = 0;
  #units = 0;
  #isFull = false;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** The plugin's metadata has `max_pending_entries`; the newest generation's holds. */
  set mostEntries(count: number) {
    this.#mostEntries = count;
  }

  /** Says so once when it begins to drop. */
  takes(entry: Written, name: string): boolean {
    const units = this.#units + entry.length;
    if (this.#entries > this.#mostEntries || units > MOST_UNITS) {
      if (!this.#isFull) {
        this.#log(`${name}: ${this.#entries} entries are pending; new ones are dropped`);
      }
      this.#isFull = true;
      return false;
    }
    this.#isFull = false;
    this.#entries += 1;
    this.#units = units;
    return true;
  }

  release(entries: readonly Written[]): void {
    this.#entries -= entries.length;
    for (const { length } of entries) this.#units -= length;
  }
}
