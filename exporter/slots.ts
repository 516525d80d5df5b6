/** Lets at most `limit` jobs run at once; the others wait in the order in which they came. */
export class Slots {
  readonly #limit: number;
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Jobs that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#limit) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    try {
      return await job();
    } finally {
      // The place goes from hand to hand: nobody who comes now is before those who wait.
      const [next] = this.#waiting;
      if (next) {
        this.#waiting.delete(next);
        next();
      } else {
        this.#taken -= 1;
      }
    }
  }
}
