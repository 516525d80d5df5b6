/**
 * Lets writes to one key follow one another in this process. It is etcd that keeps them apart; this only
 * keeps writers of one key from making each other try again and again.
 */
export class KeyLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `job` after all that came before for the key. */
  async run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const own = before.then(job, job);
    // Whoever is next waits for the end, whatever it is.
    const settled = own.catch(() => {});
    this.#last.set(key, settled);
    try {
      return await own;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
