import { systemClock } from "../../exporter/clock.ts";
import type { KeyspaceChange, KeyspaceEntry } from "../../exporter/etcd/keyspace.ts";
import { Exporter } from "../../exporter/exporter.ts";
import { silentLog } from "../../exporter/log.ts";
import { LOSS_GUARD_DEFAULT } from "../../exporter/publish/loss-guard.ts";
import { PushedMirror } from "../../test/support/pushed-mirror.ts";
import { makeTable, ROUTERS, resourceOf, type TableKind } from "../routing/route-table.ts";
import { CountingStore } from "./counting-store.ts";
import {
  CHANGE_KINDS,
  type ChangeKind,
  type SingleChange,
  singleChanges,
} from "./single-changes.ts";

/**
 * `node one-size.ts KIND SIZE EACH`, a process of its own: the whole exporter but etcd's client and a real
 * store. Takes in a table, then publishes `EACH` single changes of every kind; prints `PublishedChange`s
 * as one JSON array.
 */
export interface PublishedChange {
  readonly kind: ChangeKind;
  readonly hosts: number;
  readonly bytes: number;
  readonly objects: number;
  /** Of the whole process, garbage collection and hashing threads too. */
  readonly cpuMs: number;
  readonly ms: number;
}

const PREFIX = "/apisix";
const KEYS_PER_PART = 5_000;
/** For the compiler of JavaScript: before them a small table's code has hardly run. */
const WARM_UP_EACH = 40;
const NEVER_MS = 1 << 30;
const SEED = 20261125;

const [kind, size, each] = process.argv.slice(2);
console.log(JSON.stringify(await measure(kind as TableKind, Number(size), Number(each))));
process.exit(0);

async function measure(kind: TableKind, size: number, each: number): Promise<PublishedChange[]> {
  let table: ReturnType<typeof makeTable> | undefined = makeTable(kind, size, SEED);
  const warmUp = Math.min(WARM_UP_EACH, Math.floor(size / 20));
  const changes = singleChanges(table, warmUp + each, SEED);
  const mirror = new PushedMirror(() => Date.now());
  const store = new CountingStore();
  const published = startExporter(kind, mirror, store);
  const first = published();
  for (const part of baseOf(table)) mirror.push(part);
  table = undefined;
  await first;

  const found: PublishedChange[] = [];
  for (const [i, change] of changes.entries()) {
    const before = { bytes: store.bytes, objects: store.objects, at: performance.now() };
    const cpu = process.cpuUsage();
    const done = published();
    mirror.push(asWatched(change, size + i + 1));
    await done;
    const { user, system } = process.cpuUsage(cpu);
    found.push({
      kind: change.kind,
      hosts: change.hosts,
      bytes: store.bytes - before.bytes,
      objects: store.objects - before.objects,
      cpuMs: (user + system) / 1000,
      ms: performance.now() - before.at,
    });
  }
  return found.slice(-each * CHANGE_KINDS.length);
}

/** Returns how to wait for the next publish. */
function startExporter(kind: TableKind, mirror: PushedMirror, store: CountingStore) {
  let wake = () => {};
  const log = {
    ...silentLog,
    info: (message: string) => {
      if (message === "published") wake();
    },
  };
  const exporter = new Exporter({
    config: {
      prefix: PREFIX,
      namespace: "default",
      router: ROUTERS[kind],
      publishIntervalMs: 0,
      pointerCheckIntervalMs: NEVER_MS,
      lossGuard: LOSS_GUARD_DEFAULT,
      retention: { keepGenerations: 10, graceMs: NEVER_MS, intervalMs: NEVER_MS },
    },
    store,
    mirror,
    clock: systemClock,
    random: Math.random,
    log,
    by: "the benchmark",
  });
  void exporter.run(new AbortController().signal);
  return () => new Promise<void>((resolve) => (wake = resolve));
}

/** All of the table as a first read gives it: in the order of keys, in parts. */
function* baseOf(table: readonly ReturnType<typeof makeTable>[number][]): Iterable<KeyspaceChange> {
  const order = [...table.keys()].sort((a, b) =>
    (table[a]?.id as string) < (table[b]?.id as string) ? -1 : 1,
  );
  const encoder = new TextEncoder();
  for (let start = 0; start < order.length; start += KEYS_PER_PART) {
    const puts = order.slice(start, start + KEYS_PER_PART).map((index): KeyspaceEntry => {
      const route = table[index] as (typeof table)[number];
      const value = encoder.encode(JSON.stringify(resourceOf(route, index)));
      return { key: `${PREFIX}/routes/${route.id}`, value, modRevision: index + 1 };
    });
    const about = { cause: "base", clusterId: "1", revision: table.length } as const;
    const isLast = start + KEYS_PER_PART >= order.length;
    const part = start === 0 ? (isLast ? undefined : "first") : isLast ? "last" : "next";
    yield { ...about, puts, deletes: [], ...(part ? { part } : {}) };
  }
}

function asWatched({ id, resource }: SingleChange, revision: number): KeyspaceChange {
  const key = `${PREFIX}/routes/${id}`;
  const about = { cause: "watch", clusterId: "1", revision } as const;
  if (!resource) return { ...about, puts: [], deletes: [key] };
  const value = new TextEncoder().encode(JSON.stringify(resource));
  return { ...about, puts: [{ key, value, modRevision: revision }], deletes: [] };
}
