import type { Written } from "./batch.ts";

/** As much as may wait in one isolate, of whose memory the snapshot and the requests need the rest. */
const MOST_UNITS = 16 * 1024 * 1024;

/** Entries of one plugin that have not arrived yet, in all its batches; beyond its limits new ones are dropped. */
export class Backlog {
  readonly #log: (line: string) => void;
  #entries = 0;
  #units = 0;
  #isFull = false;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** `most`: how many may be pending when another comes. Says so once when it begins to drop. */
  takes(entry: Written, name: string, most: number): boolean {
    const units = this.#units + entry.length;
    if (this.#entries > most || units > MOST_UNITS) {
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
