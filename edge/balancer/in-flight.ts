/** How many requests the nodes of one upstream have in hand, by address, as this isolate knows. */
export class InFlight {
  readonly #counts = new Map<string, number>();

  /** Addresses with requests in hand. */
  get size(): number {
    return this.#counts.size;
  }

  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  /** Counts one until the answer is called, which must be once. */
  begin(address: string): () => void {
    this.#counts.set(address, this.of(address) + 1);
    return () => {
      const left = this.of(address) - 1;
      if (left > 0) this.#counts.set(address, left);
      else this.#counts.delete(address);
    };
  }
}
