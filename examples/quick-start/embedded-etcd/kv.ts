import type { Leases } from "./leases.ts";
import {
  type CompareMessage,
  type DeleteRangeRequest,
  endOf,
  type Header,
  keyOf,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  type TxnRequest,
  toMessage,
} from "./messages.ts";
import { EtcdFault, type EtcdStore, isIn, type StoredKey, type Writes } from "./store.ts";

const EMPTY = Buffer.alloc(0);
const MOST_OPERATIONS = 128;
const MOST_REQUEST_BYTES = 1.5 * 1024 * 1024;

/** The KV service over a store and its leases. */
export class KeyValueService {
  readonly #store: EtcdStore;
  readonly #leases: Leases;
  readonly #header: () => Header;

  constructor(store: EtcdStore, leases: Leases, header: () => Header) {
    this.#store = store;
    this.#leases = leases;
    this.#header = header;
  }

  range(request: RangeRequest) {
    checkKey(request.key);
    const body = this.#range(request);
    return { header: this.#header(), ...body };
  }

  put(request: PutRequest) {
    const body = this.#store.transact((writes) => this.#put(request, writes));
    return { header: this.#header(), ...body };
  }

  deleteRange(request: DeleteRangeRequest) {
    checkKey(request.key);
    const body = this.#store.transact((writes) => this.#delete(request, writes));
    return { header: this.#header(), ...body };
  }

  txn(request: TxnRequest) {
    checkTxn(request);
    const body = this.#store.transact((writes) => this.#txn(request, writes));
    return { header: this.#header(), ...body };
  }

  compact(request: { readonly revision: string }) {
    this.#store.compact(Number(request.revision));
    return { header: this.#header() };
  }

  #range(request: RangeRequest) {
    const found = this.#store
      .range(keyOf(request.key), endOf(request.range_end), Number(request.revision))
      .filter((kv) => isWanted(kv, request));
    const count = found.length;
    if (request.count_only) return { kvs: [], more: false, count };
    sort(found, request);
    const limit = Number(request.limit) || count;
    const kvs = found.slice(0, limit).map((kv) => toMessage(kv, request.keys_only));
    return { kvs, more: count > limit, count };
  }

  #put(request: PutRequest, writes: Writes) {
    checkKey(request.key);
    if (request.value.length + request.key.length > MOST_REQUEST_BYTES) {
      throw new EtcdFault("invalid-argument", "request is too large");
    }
    const key = keyOf(request.key);
    const held = this.#store.get(key);
    if ((request.ignore_value || request.ignore_lease) && !held) {
      throw new EtcdFault("invalid-argument", "key not found");
    }
    const lease = request.ignore_lease ? (held?.lease ?? "0") : request.lease;
    if (lease !== "0") this.#leases.attach(lease, key);
    if (held && held.lease !== "0" && held.lease !== lease) this.#leases.detach(held.lease, key);
    const value = request.ignore_value ? (held?.value as Buffer) : request.value;
    const previous = writes.put(key, value, lease);
    return { prev_kv: request.prev_kv && previous ? toMessage(previous) : null };
  }

  #delete(request: DeleteRangeRequest, writes: Writes) {
    const deleted = writes.delete(keyOf(request.key), endOf(request.range_end));
    for (const { key, lease } of deleted) if (lease !== "0") this.#leases.detach(lease, key);
    const prev_kvs = request.prev_kv ? deleted.map((kv) => toMessage(kv)) : [];
    return { deleted: deleted.length, prev_kvs };
  }

  #txn(request: TxnRequest, writes: Writes): { succeeded: boolean; responses: object[] } {
    const succeeded = request.compare.every((compare) => this.#holds(compare));
    const operations = succeeded ? request.success : request.failure;
    const header = this.#header();
    const run = (operation: RequestOp): object => {
      switch (operation.request) {
        case "request_put":
          return { response_put: { header, ...this.#put(operation.request_put, writes) } };
        case "request_delete_range":
          return {
            response_delete_range: {
              header,
              ...this.#delete(operation.request_delete_range, writes),
            },
          };
        case "request_range":
          return { response_range: { header, ...this.#range(operation.request_range) } };
        case "request_txn":
          return { response_txn: { header, ...this.#txn(operation.request_txn, writes) } };
      }
    };
    const responses = operations.map(run);
    return { succeeded, responses };
  }

  #holds(compare: CompareMessage): boolean {
    const key = keyOf(compare.key);
    const end = endOf(compare.range_end);
    const found = end === undefined ? [this.#store.get(key)] : this.#store.range(key, end);
    return found.every((kv) => compareOne(compare, kv));
  }
}

function compareOne(compare: CompareMessage, kv: StoredKey | undefined): boolean {
  if (compare.target === "Value") {
    return (
      kv !== undefined && fits(compare.result, Buffer.compare(kv.value, compare.value ?? EMPTY))
    );
  }
  const [held, wanted] = {
    Version: [kv?.version ?? 0, compare.version],
    Create: [kv?.createRevision ?? 0, compare.create_revision],
    Mod: [kv?.modRevision ?? 0, compare.mod_revision],
    Lease: [Number(kv?.lease ?? 0), compare.lease],
  }[compare.target] as [number, string | undefined];
  return fits(compare.result, held - Number(wanted ?? 0));
}

function fits(result: CompareMessage["result"], difference: number): boolean {
  switch (result) {
    case "Equal":
      return difference === 0;
    case "NotEqual":
      return difference !== 0;
    case "Greater":
      return difference > 0;
    case "Less":
      return difference < 0;
  }
}

function isWanted(kv: StoredKey, request: RangeRequest): boolean {
  const within = (value: number, min: string, max: string) =>
    value >= Number(min) && (max === "0" || value <= Number(max));
  return (
    within(kv.modRevision, request.min_mod_revision, request.max_mod_revision) &&
    within(kv.createRevision, request.min_create_revision, request.max_create_revision)
  );
}

function sort(found: StoredKey[], { sort_order: order, sort_target: target }: RangeRequest): void {
  if (order === "None" && target === "Key") return;
  const sign = order === "Descend" ? -1 : 1;
  const compare = {
    Key: (a: StoredKey, b: StoredKey) => (a.key < b.key ? -1 : 1),
    Version: (a: StoredKey, b: StoredKey) => a.version - b.version,
    Create: (a: StoredKey, b: StoredKey) => a.createRevision - b.createRevision,
    Mod: (a: StoredKey, b: StoredKey) => a.modRevision - b.modRevision,
    Value: (a: StoredKey, b: StoredKey) => Buffer.compare(a.value, b.value),
  }[target];
  found.sort((a, b) => sign * compare(a, b));
}

function checkKey(key: Buffer): void {
  if (key.length === 0) throw new EtcdFault("invalid-argument", "key is not provided");
}

function checkTxn(request: TxnRequest): void {
  for (const list of [request.compare, request.success, request.failure]) {
    if (list.length > MOST_OPERATIONS) {
      throw new EtcdFault("invalid-argument", "too many operations in txn request");
    }
  }
  for (const { key } of request.compare) checkKey(key);
  checkOperations(request.success);
  checkOperations(request.failure);
}

/** etcd refuses a branch that writes a key twice. */
function checkOperations(operations: readonly RequestOp[]): void {
  const puts = new Set<string>();
  const deletes: (readonly [string, string | undefined])[] = [];
  for (const operation of operations) {
    if (operation.request === "request_put") {
      checkKey(operation.request_put.key);
      const key = keyOf(operation.request_put.key);
      if (puts.has(key))
        throw new EtcdFault("invalid-argument", "duplicate key given in txn request");
      puts.add(key);
    }
    if (operation.request === "request_delete_range") {
      const { key, range_end } = operation.request_delete_range;
      checkKey(key);
      deletes.push([keyOf(key), endOf(range_end)]);
    }
    if (operation.request === "request_range") checkKey(operation.request_range.key);
    if (operation.request === "request_txn") checkTxn(operation.request_txn);
  }
  for (const put of puts) {
    if (deletes.some(([key, end]) => isIn(put, key, end))) {
      throw new EtcdFault("invalid-argument", "duplicate key given in txn request");
    }
  }
}
