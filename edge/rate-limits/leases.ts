/**
 * Who is in, each for a time that is renewed while it lasts: an isolate that dies with its requests leaves
 * nobody behind. Times are milliseconds since 1970.
 */
export class Leases {
  /** Ids to their ends, the next to end first: all are given for the same time. */
  readonly #ends = new Map<string, number>();

  /** How many are in with this one; undefined: there was no room. */
  enter(id: string, until: number, most: number): number | undefined {
    if (this.#ends.size >= most) return undefined;
    this.#ends.set(id, until);
    return this.#ends.size;
  }

  /** Also one that has ended: its request goes on. */
  renew(id: string, until: number): void {
    this.#ends.delete(id);
    this.#ends.set(id, until);
  }

  leave(id: string): void {
    this.#ends.delete(id);
  }

  /** Takes out those that have ended, and tells which. */
  drop(now: number): string[] {
    const ended: string[] = [];
    for (const [id, until] of this.#ends) {
      if (until > now) break;
      ended.push(id);
    }
    for (const id of ended) this.#ends.delete(id);
    return ended;
  }

  /** When the last of them ends; 0 where nobody is in. */
  get lastEnd(): number {
    let last = 0;
    for (const until of this.#ends.values()) last = until;
    return last;
  }
}
