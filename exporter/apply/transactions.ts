import { identityGuard } from "../admin/guards.ts";
import type { FieldCipher } from "../encryption/field-cipher.ts";
import { keysUnder } from "../etcd/key-bytes.ts";
import type { Compare, Operation } from "../etcd/transport.ts";
import { identitiesOf } from "../table/identities.ts";
import { type Change, timedValue } from "./plan.ts";

/** A change as etcd's transactions have it. */
export interface Step {
  readonly change: Change;
  readonly compare: Compare;
  readonly operations: readonly Operation[];
  /** Names of guards that are touched with it, an operation each. */
  readonly guards: readonly string[];
  /** What it takes of a request. */
  readonly bytes: number;
}

/** etcd's default `--max-txn-ops`; it holds for comparisons and for operations, each by itself. */
export const MOST_OPERATIONS = 128;
/** Well below etcd's default `--max-request-bytes`, 1.5 MiB. */
export const MOST_BYTES = 1 << 20;
/** What a key and its frames cost beside the texts themselves. */
const FRAME_BYTES = 64;

export interface StepOptions {
  /** Without a trailing slash. */
  readonly prefix: string;
  readonly cipher: FieldCipher;
  readonly nowSeconds: number;
}

export function stepOf(change: Change, { prefix, cipher, nowSeconds }: StepOptions): Step {
  const key = `${prefix}/${change.key}`;
  const compare: Compare = { key, target: "mod", equals: change.modRevision };
  const timed = timedValue(change, nowSeconds);
  if (!timed) {
    const ranges = [{ key }, ...(change.hasDecorations ? [keysUnder(`${key}/`)] : [])];
    const operations = ranges.map((range) => ({ do: "delete", ...range }) as const);
    return { change, compare, operations, guards: [], bytes: 4 * key.length + 2 * FRAME_BYTES };
  }
  const stored = structuredClone(timed);
  cipher.encrypt(change.kind, change.id, stored);
  const value = new TextEncoder().encode(JSON.stringify(stored));
  // Whoever gives another consumer the same key at the same moment is to look again.
  const guards = identitiesOf(change.kind, timed).map(identityGuard);
  const bytes = value.length + 2 * key.length + FRAME_BYTES * (1 + 3 * guards.length);
  return { change, compare, operations: [{ do: "put", key, value }], guards, bytes };
}

/**
 * The steps in their order, as many to a transaction as etcd takes beside `reserved` operations. One that
 * is too large by itself has a transaction of its own: etcd may have other limits than its defaults.
 */
export function* transactionsOf(
  steps: Iterable<Step>,
  reserved: number,
): Generator<readonly Step[]> {
  let batch: Step[] = [];
  let [operations, bytes] = [0, 0];
  for (const step of steps) {
    const own = step.operations.length + step.guards.length;
    const isFull = operations + own > MOST_OPERATIONS - reserved || bytes + step.bytes > MOST_BYTES;
    if (batch.length > 0 && isFull) {
      yield batch;
      batch = [];
      [operations, bytes] = [0, 0];
    }
    batch.push(step);
    operations += own;
    bytes += step.bytes;
  }
  if (batch.length > 0) yield batch;
}
