import type { StoredKey } from "./store.ts";

/** etcd's messages as proto-loader gives and takes them: snake case, 64-bit numbers as decimal text. */

export interface RangeRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly limit: string;
  readonly revision: string;
  readonly sort_order: "None" | "Ascend" | "Descend";
  readonly sort_target: "Key" | "Version" | "Create" | "Mod" | "Value";
  readonly keys_only: boolean;
  readonly count_only: boolean;
  readonly min_mod_revision: string;
  readonly max_mod_revision: string;
  readonly min_create_revision: string;
  readonly max_create_revision: string;
}

export interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease: string;
  readonly prev_kv: boolean;
  readonly ignore_value: boolean;
  readonly ignore_lease: boolean;
}

export interface DeleteRangeRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly prev_kv: boolean;
}

export interface CompareMessage {
  readonly result: "Equal" | "Greater" | "Less" | "NotEqual";
  readonly target: "Version" | "Create" | "Mod" | "Value" | "Lease";
  readonly key: Buffer;
  /** One of these five is there. */
  readonly version?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
  readonly value?: Buffer;
  readonly lease?: string;
  readonly range_end: Buffer;
}

export interface RequestOp {
  readonly request: "request_range" | "request_put" | "request_delete_range" | "request_txn";
  readonly request_range: RangeRequest;
  readonly request_put: PutRequest;
  readonly request_delete_range: DeleteRangeRequest;
  readonly request_txn: TxnRequest;
}

export interface TxnRequest {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface WatchRequest {
  readonly request_union: "create_request" | "cancel_request" | "progress_request";
  readonly create_request: {
    readonly key: Buffer;
    readonly range_end: Buffer;
    readonly start_revision: string;
    readonly prev_kv: boolean;
    readonly watch_id: string;
    readonly filters: readonly ("Noput" | "Nodelete")[];
  };
  readonly cancel_request: { readonly watch_id: string };
}

export interface Header {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: number;
  readonly raft_term: number;
}

export function keyOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** An absent end is the single key. */
export function endOf(bytes: Buffer): string | undefined {
  return bytes.length === 0 ? undefined : bytes.toString("latin1");
}

export function toMessage(kv: StoredKey, keysOnly = false) {
  return {
    key: Buffer.from(kv.key, "latin1"),
    value: keysOnly ? Buffer.alloc(0) : kv.value,
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    lease: kv.lease,
  };
}
