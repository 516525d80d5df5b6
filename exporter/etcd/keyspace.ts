/**
 * What the etcd side says to the rest of the exporter: which keys changed, and at which revision the
 * whole now stands. A consumer that applies every change in order holds exactly the keys under the
 * prefix at `revision`.
 */

export interface KeyspaceEntry {
  /** The whole etcd key, e.g. `/apisix/routes/1`. */
  readonly key: string;
  /** A window on etcd's answer, all of which it keeps in memory: whoever keeps it takes a copy. */
  readonly value: Uint8Array;
  readonly modRevision: number;
}

export interface KeyspaceChange {
  /**
   * - `base`: the first read; `puts` is everything.
   * - `watch`: one or more whole revisions, as etcd sent them.
   * - `resync`: the position was lost (compaction, restored etcd, audit); the difference to what was
   *   held before, in one step. Values between the two are gone by nature.
   */
  readonly cause: "base" | "watch" | "resync";
  /** etcd's cluster id, decimal. */
  readonly clusterId: string;
  /** The state after this change is the state at this revision. It may go back in a `resync`. */
  readonly revision: number;
  /** Each key at most once in all parts, its newest value. */
  readonly puts: readonly KeyspaceEntry[];
  readonly deletes: readonly string[];
  /**
   * A full read comes in parts, so that it need not fit into memory at once: a `first`, any number of
   * `next`, a `last`, all of one revision. They are one change, which has happened when the `last` part
   * has come. A read that cannot be finished ends without it: the `first` part of another change, or a
   * change that is whole, makes what came before it void. Absent: the change is whole.
   */
  readonly part?: "first" | "next" | "last";
}

/** Whether a consumer that has taken this in stands at its revision. */
export function isComplete({ part }: Pick<KeyspaceChange, "part">): boolean {
  return part === undefined || part === "last";
}

/** Whether parts that came before this one and were not brought to their end are void. */
export function isBeginning({ part }: Pick<KeyspaceChange, "part">): boolean {
  return part === undefined || part === "first";
}

/** What `/status` and `/metrics` show of the connection to etcd. Times are `clock.now()` in ms. */
export interface MirrorHealth {
  /**
   * `stalled`: a stream was open but silent past the liveness deadline; it is being replaced. Of a file: it
   * cannot be used as it is now.
   */
  readonly state: "connecting" | "reading" | "live" | "stalled" | "denied" | "stopped";
  readonly clusterId: string | undefined;
  readonly revision: number;
  readonly keys: number;
  /** When etcd last proved that the mirror is current (event, progress, or answered probe). */
  readonly lastProofAt: number | undefined;
  readonly lastError: { readonly at: number; readonly message: string } | undefined;
  /** Counters since start. */
  readonly reconnects: number;
  readonly resyncs: number;
  readonly stalls: number;
  readonly auditMismatches: number;
}

/** The keys under one prefix, kept equal to etcd's. */
export interface Mirror {
  /**
   * Changes in order, starting with `base`, a part at a time; ends when `signal` aborts. Never throws for a fault of
   * etcd or the network: those are retried, and `health` tells of them. While a change or part is not
   * yet consumed the stream from etcd is paused; of a full read at most one further page is fetched.
   */
  changes(signal: AbortSignal): AsyncIterable<KeyspaceChange>;
  health(): MirrorHealth;
}
