import { DurableObject } from "cloudflare:workers";
import type { EntryAsk } from "./counters.ts";
import {
  type BucketAsk,
  type BucketState,
  type BucketVerdict,
  pourInto,
  staleFrom,
} from "./leaky-bucket.ts";
import { Leases } from "./leases.ts";
import { bucketToWrite, windowToWrite } from "./reserve.ts";
import { countInWindow, type WindowAsk, type WindowState, type WindowVerdict } from "./window.ts";

interface Kept {
  readonly window?: WindowState;
  readonly bucket?: BucketState;
  /** Milliseconds since 1970 from which on it is as good as nothing. */
  readonly staleAt: number;
  /** Milliseconds since 1970 of the alarm that will see to that. */
  readonly alarmAt: number;
}

const KEPT = "kept";
const LEASE = "lease:";
/** A bucket that hardly leaks is not kept for longer. */
const LONGEST_MS = 400 * 86_400_000;

/**
 * One counter for all isolates, as a Durable Object: it decides one request after the other, what it has
 * let pass is on disk before the answer leaves, and an alarm empties it when nothing in it counts any more.
 * Who is in is written as well, but nobody waits for that: what is lost comes back with the next renewal.
 */
export abstract class SharedCounter extends DurableObject<unknown> {
  /** Milliseconds since 1970. */
  protected abstract now(): number;
  readonly #leases = new Leases();
  #window: WindowState | undefined;
  #bucket: BucketState | undefined;
  /** As it is on disk. */
  #kept: Kept;

  constructor(ctx: DurableObjectState, bindings: unknown) {
    super(ctx, bindings);
    this.#kept = ctx.storage.kv.get<Kept>(KEPT) ?? NOTHING;
    this.#window = this.#kept.window;
    this.#bucket = this.#kept.bucket;
    const leases = [...ctx.storage.kv.list<number>({ prefix: LEASE })];
    for (const [key, until] of leases.sort(([, a], [, b]) => a - b)) {
      this.#leases.renew(key.slice(LEASE.length), until);
    }
  }

  count(ask: WindowAsk): WindowVerdict {
    const { state, verdict, staleAt } = countInWindow(this.#window, ask, this.now());
    this.#window = state;
    // What was rejected need not be on disk: to forget it opens nothing.
    const window = verdict.passes ? windowToWrite(this.#kept.window, state, ask) : undefined;
    if (window) this.#keep({ window }, staleAt);
    return verdict;
  }

  pour(ask: BucketAsk): BucketVerdict {
    const { state, verdict } = pourInto(this.#bucket, ask, this.now());
    this.#bucket = state;
    const bucket = verdict.passes ? bucketToWrite(this.#kept.bucket, state, ask) : undefined;
    if (bucket) this.#keep({ bucket }, staleFrom(bucket, ask));
    return verdict;
  }

  enter(lease: string, { most, leaseMs }: EntryAsk): number | undefined {
    for (const ended of this.#leases.drop(this.now())) this.#forget(ended);
    const until = this.now() + leaseMs;
    const count = this.#leases.enter(lease, until, most);
    if (count !== undefined) this.#remember(lease, until);
    return count;
  }

  renew(lease: string, leaseMs: number): void {
    const until = this.now() + leaseMs;
    this.#leases.renew(lease, until);
    this.#remember(lease, until);
  }

  leave(lease: string): void {
    this.#leases.leave(lease);
    this.#forget(lease);
  }

  override async alarm(): Promise<void> {
    for (const ended of this.#leases.drop(this.now())) this.#forget(ended);
    const staleAt = Math.max(this.#kept.staleAt, this.#leases.lastEnd);
    if (staleAt > this.now()) {
      this.#setAlarm(staleAt);
      return;
    }
    this.#kept = NOTHING;
    this.#window = undefined;
    this.#bucket = undefined;
    await this.ctx.storage.deleteAll();
  }

  #keep(change: Partial<Kept>, staleAt: number): void {
    const latest = Math.min(staleAt, this.now() + LONGEST_MS);
    this.#kept = { ...this.#kept, ...change, staleAt: latest };
    // The alarm is set once for a time; it sets itself again where that has grown longer.
    if (this.#kept.alarmAt <= this.now()) this.#setAlarm(latest);
    else this.#write();
  }

  #remember(lease: string, until: number): void {
    void this.ctx.storage.put(LEASE + lease, until, { allowUnconfirmed: true });
    if (this.#kept.alarmAt <= this.now()) this.#setAlarm(until);
  }

  #forget(lease: string): void {
    void this.ctx.storage.delete(LEASE + lease, { allowUnconfirmed: true });
  }

  #setAlarm(at: number): void {
    this.#kept = { ...this.#kept, alarmAt: at };
    this.#write();
    void this.ctx.storage.setAlarm(at);
  }

  #write(): void {
    this.ctx.storage.kv.put(KEPT, this.#kept);
  }
}

const NOTHING: Kept = { staleAt: 0, alarmAt: 0 };
