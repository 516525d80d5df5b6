import type { BucketAsk, BucketVerdict } from "./leaky-bucket.ts";
import type { WindowAsk, WindowVerdict } from "./window.ts";

export interface EntryAsk {
  /** How many may be in at once. */
  readonly most: number;
  /** After which an entry that nobody renews is over. */
  readonly leaseMs: number;
}

/**
 * Where counters are kept: each is a place of its own, named by its identity, in which one request is
 * decided after the other. Rejects where it cannot be asked.
 */
export interface Counters {
  count(identity: string, ask: WindowAsk): Promise<WindowVerdict>;
  pour(identity: string, ask: BucketAsk): Promise<BucketVerdict>;
  /** How many are in with this one; undefined: there was no room. */
  enter(identity: string, lease: string, ask: EntryAsk): Promise<number | undefined>;
  renew(identity: string, lease: string, leaseMs: number): Promise<void>;
  leave(identity: string, lease: string): Promise<void>;
}
