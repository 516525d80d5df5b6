import type {
  ICompare,
  IEvent,
  IKeyValue,
  IRangeResponse,
  IRequestOp,
  IResponseHeader,
  IResponseOp,
  ITxnRequest,
} from "etcd3";
import { decodeKey, encodeKey, type KeyRange } from "./key-bytes.ts";
import type {
  Compare,
  Header,
  KeyValue,
  Operation,
  OperationAnswer,
  RangeAnswer,
  TxnRequest,
  WatchEvent,
} from "./transport.ts";

/** A range as etcd wants it; its fields stand in range, delete and watch requests alike. */
export function rangeFields({ key, end }: KeyRange): { key: Buffer; range_end?: Buffer } {
  const fields = { key: encodeKey(key) };
  return end === undefined ? fields : { ...fields, range_end: encodeKey(end) };
}

export function txnFields(request: TxnRequest): ITxnRequest {
  return {
    compare: request.compare.map(compareFields),
    success: request.success.map(operationFields),
    failure: (request.failure ?? []).map(operationFields),
  };
}

export function header(from: IResponseHeader): Header {
  return {
    clusterId: from.cluster_id,
    memberId: from.member_id,
    revision: Number(from.revision),
    raftTerm: Number(from.raft_term),
  };
}

export function rangeAnswer(from: IRangeResponse): RangeAnswer {
  return {
    header: header(from.header),
    kvs: from.kvs.map(keyValue),
    more: from.more,
    count: Number(from.count),
  };
}

export function operationAnswer(from: IResponseOp): OperationAnswer {
  if (from.response_range) return { did: "get", kvs: from.response_range.kvs.map(keyValue) };
  if (from.response_delete_range) {
    return { did: "delete", deleted: Number(from.response_delete_range.deleted) };
  }
  return { did: "put" };
}

export function watchEvent(from: IEvent): WatchEvent {
  return {
    kind: from.type === "Delete" ? "delete" : "put",
    key: decodeKey(from.kv.key),
    value: from.kv.value,
    modRevision: Number(from.kv.mod_revision),
  };
}

function keyValue(from: IKeyValue): KeyValue {
  return {
    key: decodeKey(from.key),
    value: from.value,
    createRevision: Number(from.create_revision),
    modRevision: Number(from.mod_revision),
    leaseId: from.lease,
  };
}

function compareFields({ key, target, equals }: Compare): ICompare {
  const of = { result: "Equal", key: encodeKey(key) } as const;
  return target === "create"
    ? { ...of, target: "Create", create_revision: equals }
    : { ...of, target: "Mod", mod_revision: equals };
}

function operationFields(operation: Operation): IRequestOp {
  switch (operation.do) {
    case "put": {
      const key = encodeKey(operation.key);
      const put = { key, value: Buffer.from(operation.value) };
      const { leaseId } = operation;
      return { request_put: leaseId === undefined ? put : { ...put, lease: leaseId } };
    }
    case "get":
      return { request_range: rangeFields(operation) };
    case "delete":
      return { request_delete_range: rangeFields(operation) };
  }
}
