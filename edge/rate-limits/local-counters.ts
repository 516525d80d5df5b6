import { BoundedMap } from "../bounded-map.ts";
import type { Counters, EntryAsk } from "./counters.ts";
import { type BucketAsk, type BucketState, type BucketVerdict, pourInto } from "./leaky-bucket.ts";
import { Leases } from "./leases.ts";
import { countInWindow, type WindowAsk, type WindowState, type WindowVerdict } from "./window.ts";

/** Of each sort; those not used for the longest time are forgotten, as by nginx's shared memory. */
const KEPT = 10_000;

/** The policy `local`: counters of this isolate alone. */
export class LocalCounters implements Counters {
  readonly #now: () => number;
  readonly #windows = new BoundedMap<string, WindowState>(KEPT);
  readonly #buckets = new BoundedMap<string, BucketState>(KEPT);
  readonly #leases = new BoundedMap<string, Leases>(KEPT);

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async count(identity: string, ask: WindowAsk): Promise<WindowVerdict> {
    const { state, verdict } = countInWindow(this.#windows.get(identity), ask, this.#now());
    this.#windows.set(identity, state);
    return verdict;
  }

  async pour(identity: string, ask: BucketAsk): Promise<BucketVerdict> {
    const { state, verdict } = pourInto(this.#buckets.get(identity), ask, this.#now());
    this.#buckets.set(identity, state);
    return verdict;
  }

  async enter(identity: string, lease: string, ask: EntryAsk): Promise<number | undefined> {
    const leases = this.#leases.get(identity) ?? new Leases();
    this.#leases.set(identity, leases);
    leases.drop(this.#now());
    return leases.enter(lease, this.#now() + ask.leaseMs, ask.most);
  }

  async renew(identity: string, lease: string, leaseMs: number): Promise<void> {
    this.#leases.get(identity)?.renew(lease, this.#now() + leaseMs);
  }

  async leave(identity: string, lease: string): Promise<void> {
    this.#leases.get(identity)?.leave(lease);
  }
}
