import {
  type ListedObject,
  type ObjectStore,
  type SetOutcome,
  type StoredObject,
  StoreError,
} from "../../exporter/store/object-store.ts";
import type { Random } from "../support/random.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

export interface StoreFaults {
  /** Share of the calls that fail; half of the failed writes are done all the same. */
  failures: number;
  /** Every call takes up to this long. */
  delayMs: number;
}

/** A store as one process sees it over a bad network. `isDead` makes every call hang. */
export class FaultyStore implements ObjectStore {
  readonly #inner: ObjectStore;
  readonly #faults: StoreFaults;
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #isDead: () => boolean;

  constructor(
    inner: ObjectStore,
    faults: StoreFaults,
    { random, clock, isDead }: { random: Random; clock: VirtualClock; isDead: () => boolean },
  ) {
    this.#inner = inner;
    this.#faults = faults;
    this.#random = random;
    this.#clock = clock;
    this.#isDead = isDead;
  }

  get(name: string): Promise<StoredObject | undefined> {
    return this.#call(() => this.#inner.get(name));
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return this.#call(() => this.#inner.put(name, bytes));
  }

  compareAndSet(
    name: string,
    bytes: Uint8Array,
    expected: string | undefined,
  ): Promise<SetOutcome> {
    return this.#call(() => this.#inner.compareAndSet(name, bytes, expected));
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    const listed = await this.#call(async () => {
      const all: ListedObject[] = [];
      for await (const object of this.#inner.list(prefix)) all.push(object);
      return all;
    });
    yield* listed;
  }

  delete(names: readonly string[]): Promise<void> {
    return this.#call(() => this.#inner.delete(names));
  }

  async #call<T>(run: () => Promise<T>): Promise<T> {
    await this.#clock.sleep(this.#random.below(this.#faults.delayMs + 1));
    if (this.#isDead()) return new Promise<never>(() => {});
    const fails = this.#random.chance(this.#faults.failures);
    if (fails && this.#random.chance(0.5)) throw new StoreError("simulated: refused", true);
    const answer = await run();
    await this.#clock.sleep(this.#random.below(this.#faults.delayMs + 1));
    if (this.#isDead()) return new Promise<never>(() => {});
    if (fails) throw new StoreError("simulated: the answer was lost", true);
    return answer;
  }
}
