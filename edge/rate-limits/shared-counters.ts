import { type Timers, within } from "../upstream/timers.ts";
import type { Counters, EntryAsk } from "./counters.ts";
import type { BucketAsk, BucketVerdict } from "./leaky-bucket.ts";
import type { SharedCounter } from "./shared-counter.ts";
import type { WindowAsk, WindowVerdict } from "./window.ts";

export interface SharedCountersDeps {
  readonly namespace: DurableObjectNamespace<SharedCounter>;
  readonly timers: Timers;
  /** Sets apart the counters of gateways that share the Durable Objects. */
  readonly scope: string;
}

/** A new object far away takes some hundred milliseconds to begin; what takes longer than this is lost. */
const ANSWER_WITHIN_MS = 5_000;

/** The policies of Redis: one Durable Object a counter, the same for all isolates and locations. */
export class SharedCounters implements Counters {
  readonly #deps: SharedCountersDeps;

  constructor(deps: SharedCountersDeps) {
    this.#deps = deps;
  }

  count(identity: string, ask: WindowAsk): Promise<WindowVerdict> {
    return this.#answer(this.#at(identity).count(ask));
  }

  pour(identity: string, ask: BucketAsk): Promise<BucketVerdict> {
    return this.#answer(this.#at(identity).pour(ask));
  }

  enter(identity: string, lease: string, ask: EntryAsk): Promise<number | undefined> {
    return this.#answer(this.#at(identity).enter(lease, ask));
  }

  renew(identity: string, lease: string, leaseMs: number): Promise<void> {
    return this.#answer(this.#at(identity).renew(lease, leaseMs));
  }

  leave(identity: string, lease: string): Promise<void> {
    return this.#answer(this.#at(identity).leave(lease));
  }

  #at(identity: string): DurableObjectStub<SharedCounter> {
    const { namespace, scope } = this.#deps;
    return namespace.get(namespace.idFromName(`${scope}/${identity}`));
  }

  #answer<T>(asked: Promise<T>): Promise<T> {
    const late = () => new Error(`the counter has not answered for ${ANSWER_WITHIN_MS} ms`);
    return within(this.#deps.timers, ANSWER_WITHIN_MS, asked, late);
  }
}
