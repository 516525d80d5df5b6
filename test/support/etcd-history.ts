import {
  isBeginning,
  isComplete,
  type KeyspaceChange,
  type KeyspaceEntry,
  type Mirror,
} from "../../exporter/etcd/keyspace.ts";
import {
  EtcdError,
  type EtcdTransport,
  type Operation,
  type TxnAnswer,
} from "../../exporter/etcd/transport.ts";
import { until } from "./etcd-server.ts";
import type { Random } from "./random.ts";

/**
 * What etcd has acknowledged, revision by revision, and the proof that a mirror saw exactly that: nothing
 * lost, doubled or misordered, and the same keys and values in the end.
 */

export interface Written {
  readonly revision: number;
  readonly puts: ReadonlyMap<string, string>;
  readonly deletes: readonly string[];
}

export interface Writer {
  /** Writes in one transaction, surely: however often etcd has to be asked, it is done once. */
  write(puts: Readonly<Record<string, string>>, deletes?: readonly string[]): Promise<Written>;
  /** Writes at random, about every `everyMs`, until the answer is called, which gives the count. */
  keepWriting(everyMs: number): () => Promise<number>;
  /** All acknowledged writes, oldest first. */
  readonly history: readonly Written[];
  /** etcd was restored: what was written after `revision` has never happened. */
  forgetAfter(revision: number): Promise<void>;
}

const decoder = new TextDecoder();

/**
 * The only writer of its etcd. Every write also puts its number into a ledger key, and holds only while
 * the ledger is as the last write left it; so after an ambiguous failure the ledger says what happened.
 */
export function createWriter(transport: EtcdTransport, prefix: string, random: Random): Writer {
  const ledger = createLedger(transport, prefix);
  const history: Written[] = [];
  const live = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();

  const writeNow = async (puts: Readonly<Record<string, string>>, deletes: readonly string[]) => {
    const revision = await ledger.commit([
      ...Object.entries(puts).map(([key, value]) => ({ do: "put", key, value }) as const),
      ...deletes.map((key) => ({ do: "delete", key }) as const),
    ]);
    const written = { revision, puts: new Map(Object.entries(puts)), deletes };
    for (const key of Object.keys(puts)) live.add(key);
    for (const key of deletes) live.delete(key);
    history.push(written);
    return written;
  };
  const write: Writer["write"] = (puts, deletes = []) => {
    const written = turn.then(() => writeNow(puts, deletes));
    turn = written.catch(() => {});
    return written;
  };

  return {
    write,
    history,
    keepWriting: (everyMs) => {
      const before = history.length;
      const stop = repeat(everyMs, () => {
        const { puts, deletes } = atRandom(prefix, live, random);
        return write(puts, deletes);
      });
      return async () => {
        await stop();
        return history.length - before;
      };
    },
    forgetAfter: async (revision) => {
      history.splice(0, history.length, ...history.filter((each) => each.revision <= revision));
      await ledger.read();
      live.clear();
      for (const key of stateAt(history, revision, prefix).keys()) live.add(key);
    },
  };
}

interface Ledger {
  /** Does the operations once, however often it has to ask; gives the revision. */
  commit(operations: readonly Operation[]): Promise<number>;
  /** Goes on from what etcd has. */
  read(): Promise<void>;
}

function createLedger(transport: EtcdTransport, prefix: string): Ledger {
  /** Outside of every prefix that the tests mirror. */
  const key = `/ledger${prefix}`;
  let revision = 0;
  let count = 0;
  return {
    commit: async (operations) => {
      const value = `${++count}`;
      const compare = [{ key, target: "mod", equals: revision } as const];
      const success = [...operations, { do: "put", key, value } as const];
      const failure = [{ do: "get", key } as const];
      for (;;) {
        const answer = await transport.txn({ compare, success, failure }).catch(retryable);
        if (!answer) {
          await pause(50);
          continue;
        }
        revision = answer.succeeded ? answer.header.revision : doneBefore(answer, value);
        return revision;
      }
    },
    read: async () => {
      const { kvs } = await transport.range({ key });
      revision = kvs[0]?.modRevision ?? 0;
    },
  };
}

/** Some keys put, some deleted; now and then only another prefix of the same etcd changes. */
function atRandom(prefix: string, live: ReadonlySet<string>, random: Random) {
  const puts: Record<string, string> = {};
  const deletes = new Set<string>();
  const value = () => `${random.below(1e9)}`;
  if (random.chance(0.1)) return { puts: { "/elsewhere": value() }, deletes: [] };
  for (let i = 0; i <= random.below(3); i++) {
    const key = `${prefix}routes/${random.below(40)}`;
    if (random.chance(0.25) && live.has(key) && !(key in puts)) deletes.add(key);
    else if (!deletes.has(key)) puts[key] = value();
  }
  return { puts, deletes: [...deletes] };
}

/** Runs `action` again and again; the answer ends that, and fails where the action did. */
function repeat(everyMs: number, action: () => Promise<unknown>): () => Promise<void> {
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      await action();
      await pause(everyMs);
    }
  })();
  running.catch(() => {});
  return () => {
    isOver = true;
    return running;
  };
}

export interface Consumer {
  /** Whole ones, whatever parts they came in. */
  readonly changes: readonly KeyspaceChange[];
  /** The revision of the last change. */
  revision(): number;
  /** What a consumer that applies every change now holds. */
  keys(): ReadonlyMap<string, string>;
  /** Waits until every acknowledged write under the prefix has arrived. */
  caughtUp(writer: Writer, prefix: string, limitMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Takes every change of the mirror; `beforeEach` may be slow. */
export function consume(
  mirror: Mirror,
  beforeEach: () => Promise<void> = async () => {},
): Consumer {
  const changes: KeyspaceChange[] = [];
  const keys = new Map<string, string>();
  const stopping = new AbortController();
  const assemble = createAssembler();
  const running = (async () => {
    for await (const part of mirror.changes(stopping.signal)) {
      await beforeEach();
      const change = assemble(part);
      if (!change) continue;
      apply(keys, change);
      changes.push(change);
    }
  })();
  const revision = () => changes.at(-1)?.revision ?? 0;
  return {
    changes,
    revision,
    keys: () => keys,
    caughtUp: async (writer, prefix, limitMs = 20_000) => {
      const wanted = () => JSON.stringify(sorted(stateAt(writer.history, Infinity, prefix)));
      await until(
        () => JSON.stringify(sorted(keys)) === wanted(),
        () => `the mirror catches up; it is ${JSON.stringify(mirror.health())}`,
        limitMs,
      );
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/**
 * Puts parts together to the change they make; undefined until it is whole. Throws where a part is not of
 * the change that those before it began.
 */
export function createAssembler(): (part: KeyspaceChange) => KeyspaceChange | undefined {
  let parts: KeyspaceChange[] = [];
  return (part) => {
    const before = parts.at(-1);
    if (isBeginning(part)) {
      parts = [];
    } else if (!before || part.cause !== before.cause) {
      throw new Error(`a part of a ${part.cause} that never began`);
    } else if (part.revision !== before.revision || part.clusterId !== before.clusterId) {
      throw new Error(`a part of revision ${part.revision} after one of ${before.revision}`);
    }
    parts.push(part);
    if (!isComplete(part)) return undefined;
    const { part: _part, ...whole } = part;
    const puts = parts.flatMap((each) => each.puts);
    if (new Set(puts.map(({ key }) => key)).size < puts.length) throw new Error("a key came twice");
    const deletes = parts.flatMap((each) => each.deletes);
    parts = [];
    return { ...whole, puts, deletes };
  };
}

/**
 * `changes` from the first `resync` on, and those before it: a restored or replaced etcd has another
 * history, and each part is judged by its own.
 */
export function splitAtResync(changes: readonly KeyspaceChange[]): KeyspaceChange[][] {
  const at = changes.findIndex(({ cause }) => cause === "resync");
  return at < 0 ? [[...changes]] : [changes.slice(0, at), changes.slice(at)];
}

/**
 * Every way in which `changes` is not what etcd acknowledged, as sentences; empty when all is well. A
 * change of the watch must be exactly the writes since the change before it.
 */
export function violations(
  changes: readonly KeyspaceChange[],
  history: readonly Written[],
  prefix: string,
): string[] {
  const wrong: string[] = [];
  const keys = new Map<string, string>();
  let seen = 0;
  for (const [i, change] of changes.entries()) {
    const where = `change ${i} (${change.cause}, revision ${change.revision})`;
    if (change.cause === "watch") {
      if (change.revision <= seen) wrong.push(`${where}: not after ${seen}`);
      const expected = fold(history, seen, change.revision, prefix, keys);
      const found = { puts: sorted(texts(change.puts)), deletes: [...change.deletes].sort() };
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        wrong.push(`${where}: ${JSON.stringify(found)}, acknowledged ${JSON.stringify(expected)}`);
      }
    }
    if (i > 0 ? change.cause === "base" : change.cause === "watch") {
      wrong.push(`${where}: out of place`);
    }
    apply(keys, change);
    if (change.cause !== "watch") {
      const expected = JSON.stringify(sorted(stateAt(history, change.revision, prefix)));
      const found = JSON.stringify(sorted(keys));
      if (found !== expected) wrong.push(`${where}: holds ${found}, acknowledged ${expected}`);
    }
    seen = change.revision;
  }
  const expected = JSON.stringify(sorted(stateAt(history, Infinity, prefix)));
  const found = JSON.stringify(sorted(keys));
  if (found !== expected) wrong.push(`in the end: holds ${found}, acknowledged ${expected}`);
  return wrong;
}

/** The keys under `prefix` as of `revision`. */
export function stateAt(
  history: readonly Written[],
  revision: number,
  prefix: string,
): Map<string, string> {
  const keys = new Map<string, string>();
  for (const written of history) {
    if (written.revision > revision) break;
    for (const [key, value] of written.puts) if (key.startsWith(prefix)) keys.set(key, value);
    for (const key of written.deletes) keys.delete(key);
  }
  return keys;
}

/** What the writes after `from` up to `to` make of `before`, each key at most once. */
function fold(
  history: readonly Written[],
  from: number,
  to: number,
  prefix: string,
  before: ReadonlyMap<string, string>,
) {
  const puts = new Map<string, string>();
  const deletes = new Set<string>();
  for (const written of history) {
    if (written.revision <= from || written.revision > to) continue;
    for (const [key, value] of written.puts) {
      if (!key.startsWith(prefix)) continue;
      puts.set(key, value);
      deletes.delete(key);
    }
    for (const key of written.deletes) {
      puts.delete(key);
      if (before.has(key)) deletes.add(key);
    }
  }
  return { puts: sorted(puts), deletes: [...deletes].sort() };
}

function apply(keys: Map<string, string>, change: KeyspaceChange): void {
  if (change.cause === "base") keys.clear();
  for (const [key, value] of texts(change.puts)) keys.set(key, value);
  for (const key of change.deletes) keys.delete(key);
}

function texts(puts: readonly KeyspaceEntry[]): Map<string, string> {
  return new Map(puts.map(({ key, value }) => [key, decoder.decode(value)]));
}

function sorted(keys: ReadonlyMap<string, string>): [string, string][] {
  return [...keys].sort(([a], [b]) => (a < b ? -1 : 1));
}

function doneBefore({ answers }: TxnAnswer, number: string): number {
  const [first] = answers;
  const ledger = first?.did === "get" ? first.kvs[0] : undefined;
  const found = ledger && decoder.decode(ledger.value);
  if (!ledger || found !== number) throw new Error(`ledger: ${found}, wanted ${number}`);
  return ledger.modRevision;
}

function retryable(error: unknown): undefined {
  if (error instanceof EtcdError && error.kind !== "refused") return undefined;
  throw error;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
