import type { KeyRange } from "./key-bytes.ts";

/**
 * What the exporter asks of etcd: plain requests and answers, one attempt each. Retrying, resuming and
 * judging what an answer means belong to the callers. Keys are strings (see key-bytes.ts), revisions
 * numbers, ids decimal strings.
 */
export interface EtcdTransport {
  range(request: RangeRequest): Promise<RangeAnswer>;
  txn(request: TxnRequest): Promise<TxnAnswer>;
  /** Opens a stream; its first message is `created`. */
  watch(request: WatchRequest): Promise<WatchStream>;
  leaseGrant(ttlSeconds: number): Promise<Lease>;
  /** Renews once; `not-found` where the lease has expired or was revoked. */
  leaseKeepAlive(leaseId: string): Promise<Lease>;
  leaseRevoke(leaseId: string): Promise<void>;
  /** Ends every connection; calls in flight fail as `unavailable`. */
  close(): void;
}

export type EtcdErrorKind =
  /** No answer, no leader, no time left, too busy: the same call may succeed later. */
  | "unavailable"
  /** The revision asked for, or the one a watch starts at, is no longer kept. */
  | "compacted"
  /** The revision asked for does not exist yet: a member that lags, or an etcd restored from a backup. */
  | "future-revision"
  /** The user may not do this. */
  | "denied"
  /** The token is not (or no longer) valid; a new one has been asked for. */
  | "stale-token"
  /** Login itself was refused: a wrong password, an unknown user, a missing certificate. */
  | "unauthenticated"
  | "not-found"
  /** etcd understood and will refuse the same call for ever. */
  | "refused";

export class EtcdError extends Error {
  override readonly name = "EtcdError";
  readonly kind: EtcdErrorKind;

  constructor(kind: EtcdErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export interface Header {
  readonly clusterId: string;
  readonly memberId: string;
  /** The store's current revision at this member, not that of the keys in the answer. */
  readonly revision: number;
  readonly raftTerm: number;
}

export interface KeyValue {
  readonly key: string;
  /** A window on the whole answer, which it keeps in memory. */
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** "0" where the key has no lease. */
  readonly leaseId: string;
}

export interface RangeRequest extends KeyRange {
  /** The state as of this revision; without it the newest. */
  readonly revision?: number;
  /** At most this many keys; without it all of them. */
  readonly limit?: number;
  readonly keysOnly?: boolean;
}

export interface RangeAnswer {
  readonly header: Header;
  readonly kvs: readonly KeyValue[];
  /** There are keys in the range beyond `limit`. */
  readonly more: boolean;
  /** Keys in the range from `key` on, whatever the limit. */
  readonly count: number;
}

/** Holds when the key's create or mod revision equals; 0 stands for a key that does not exist. */
export interface Compare {
  readonly key: string;
  readonly target: "create" | "mod";
  readonly equals: number;
}

export type Operation =
  | {
      readonly do: "put";
      readonly key: string;
      readonly value: Uint8Array | string;
      readonly leaseId?: string;
    }
  | ({ readonly do: "get" } & KeyRange)
  | ({ readonly do: "delete" } & KeyRange);

export interface TxnRequest {
  /** All must hold for `success` to run, else `failure` does. */
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[];
}

export type OperationAnswer =
  | { readonly did: "put" }
  | { readonly did: "get"; readonly kvs: readonly KeyValue[] }
  | { readonly did: "delete"; readonly deleted: number };

export interface TxnAnswer {
  readonly header: Header;
  readonly succeeded: boolean;
  /** In the order of the operations that ran. */
  readonly answers: readonly OperationAnswer[];
}

export interface Lease {
  readonly leaseId: string;
  readonly ttlSeconds: number;
}

export interface WatchRequest extends KeyRange {
  /** The first revision wanted. */
  readonly startRevision: number;
}

export type WatchMessage =
  | { readonly kind: "created"; readonly header: Header }
  /** One or more whole revisions, in order. */
  | { readonly kind: "events"; readonly header: Header; readonly events: readonly WatchEvent[] }
  /** The server's own notice: everything up to `header.revision` has been delivered. */
  | { readonly kind: "progress"; readonly header: Header }
  /** The answer to `requestProgress`: the member lives. Its revision may be ahead of the events. */
  | { readonly kind: "pulse"; readonly header: Header };

export interface WatchEvent {
  readonly kind: "put" | "delete";
  readonly key: string;
  /** Empty for a delete; else a window on the whole message, which it keeps in memory. */
  readonly value: Uint8Array;
  readonly modRevision: number;
}

export interface WatchStream {
  /**
   * The next message; one call at a time. The network is read only as fast as this is called. Throws an
   * `EtcdError` when the stream is over, whatever ended it; a refused watch says why.
   */
  next(): Promise<WatchMessage>;
  /** Asks for a `pulse`. */
  requestProgress(): void;
  /** Ends the stream. `silent` says that the member does not answer: the next call goes to another. */
  cancel(reason: "done" | "silent"): Promise<void>;
}
