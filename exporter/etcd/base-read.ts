import type { Clock } from "../clock.ts";
import { createBackoff } from "./backoff.ts";
import { type KeyRange, keyAfter } from "./key-bytes.ts";
import type { KeyspaceChange, KeyspaceEntry } from "./keyspace.ts";
import { newPosition, type Position, PositionLost } from "./position.ts";
import {
  EtcdError,
  type EtcdTransport,
  type Header,
  type RangeAnswer,
  type RangeRequest,
} from "./transport.ts";
import { untilStopped } from "./waiting.ts";

export interface ReadDeps {
  readonly transport: EtcdTransport;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Keys of the first page, when the size of the values is not known yet. */
const FIRST_PAGE_KEYS = 200;
const MAX_PAGE_KEYS = 20_000;
/** What a key costs in an answer beside its own bytes and those of its value. */
const KEY_OVERHEAD_BYTES = 40;
const PAGE_BYTES = 4 << 20;
const MAX_PAGE_BYTES = 24 << 20;
/** etcd walks all remaining keys for each page, so a larger keyspace is read in larger pages. */
const KEYS_PER_PAGE_BYTES = 100_000;
const ATTEMPTS_PER_PAGE = 4;

/**
 * All keys of `range` in pages, every page as of the revision of the first; the next page is fetched while
 * one is worked on. A page that fails is asked for again; throws `EtcdError`, of kind `compacted` where
 * that revision is gone before the last page.
 */
export async function* readPages(
  range: Required<KeyRange>,
  { keysOnly, signal }: { readonly keysOnly: boolean; readonly signal: AbortSignal },
  deps: ReadDeps,
): AsyncGenerator<RangeAnswer> {
  let next = readPage({ ...range, limit: FIRST_PAGE_KEYS, keysOnly }, signal, deps);
  let first: RangeAnswer | undefined;
  for (;;) {
    const page = await next;
    first ??= page;
    if (page.header.clusterId !== first.header.clusterId) {
      throw new PositionLost("the cluster id changed between two pages", false);
    }
    const last = page.kvs.at(-1);
    const isLast = !page.more || !last;
    if (!isLast) {
      const limit = nextLimit(page, first.count);
      const revision = first.header.revision;
      const request = { ...range, key: keyAfter(last.key), revision, limit, keysOnly };
      // While this page is worked on.
      next = readPage(request, signal, deps);
      next.catch(() => {});
    }
    yield page;
    if (isLast) return;
  }
}

/** What is being read again, and how much of it can be trusted. */
export interface LostPosition {
  readonly position: Position;
  /** In another history equal mod revisions prove nothing, so there every key counts as changed. */
  readonly isSameHistory: boolean;
}

/** A part of a full read; the last one has where to go on from. */
export interface ReadPart {
  readonly change: KeyspaceChange;
  readonly position: Position | undefined;
}

/**
 * Everything there is, as a `base`; or, after a position was lost, the difference to what that holds, as a
 * `resync`. Throws where the read cannot be finished: then the parts that were given are void.
 */
export async function* readAll(
  lost: LostPosition | undefined,
  range: Required<KeyRange>,
  signal: AbortSignal,
  deps: ReadDeps,
): AsyncGenerator<ReadPart> {
  let position: Position | undefined;
  let known: ReadonlyMap<string, number> = new Map();
  let isFirst = true;
  for await (const { header, kvs, more } of readPages(range, { keysOnly: false, signal }, deps)) {
    if (!position) {
      position = newPosition(header, header.revision);
      if (lost?.isSameHistory && continues(lost.position, header)) known = lost.position.held;
    }
    const puts: KeyspaceEntry[] = [];
    for (const { key, value, modRevision } of kvs) {
      position.held.set(key, modRevision);
      if (known.get(key) !== modRevision) puts.push({ key, value, modRevision });
    }
    const { clusterId, revision, held } = position;
    const cause = lost ? "resync" : "base";
    const about = { cause, clusterId, revision, puts } as const;
    if (more && kvs.length > 0) {
      const part = isFirst ? "first" : "next";
      yield { change: { ...about, deletes: [], part }, position: undefined };
      isFirst = false;
      continue;
    }
    const deletes = [...(lost?.position.held.keys() ?? [])].filter((key) => !held.has(key));
    const last = isFirst ? {} : ({ part: "last" } as const);
    yield { change: { ...about, deletes, ...last }, position };
    return;
  }
  throw new EtcdError("unavailable", "the first page never came");
}

/** Whether `header` can come from the history that `position` stands in. */
export function continues(position: Position, header: Header): boolean {
  return (
    header.clusterId === position.clusterId &&
    header.revision >= position.revision &&
    header.raftTerm >= position.raftTerm
  );
}

async function readPage(
  request: RangeRequest,
  signal: AbortSignal,
  { transport, clock, random }: ReadDeps,
): Promise<RangeAnswer> {
  const backoff = createBackoff(random, { minMs: 50, maxMs: 1000 });
  let limit = request.limit ?? FIRST_PAGE_KEYS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await untilStopped(transport.range({ ...request, limit }), signal);
    } catch (error) {
      const isWorthRetrying = error instanceof EtcdError && error.kind === "unavailable";
      if (!isWorthRetrying || attempt === ATTEMPTS_PER_PAGE) throw error;
      // It may have been too much for the line within the deadline of one call.
      limit = Math.max(1, Math.ceil(limit / 4));
      await clock.sleep(backoff.next(), signal);
    }
  }
}

/** As many keys as fill a page, judging by the last one; never eight times more than that had. */
function nextLimit({ kvs }: RangeAnswer, totalKeys: number): number {
  const bytes = kvs.reduce(
    (sum, { key, value }) => sum + key.length + value.length + KEY_OVERHEAD_BYTES,
    0,
  );
  const share = Math.ceil(totalKeys / KEYS_PER_PAGE_BYTES);
  const pageBytes = Math.min(MAX_PAGE_BYTES, PAGE_BYTES * share);
  const fitting = Math.floor(pageBytes / (bytes / kvs.length));
  return Math.max(1, Math.min(fitting, kvs.length * 8, MAX_PAGE_KEYS * share));
}
