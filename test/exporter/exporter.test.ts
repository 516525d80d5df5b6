import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KeyspaceChange } from "../../exporter/etcd/keyspace.ts";
import { Exporter } from "../../exporter/exporter.ts";
import type { Log } from "../../exporter/log.ts";
import { createMetrics } from "../../exporter/metrics.ts";
import { LOSS_GUARD_DEFAULT } from "../../exporter/publish/loss-guard.ts";
import { resume, rollback } from "../../exporter/publish/operations.ts";
import { isReady, statusReport } from "../../exporter/status.ts";
import { StoreError } from "../../exporter/store/object-store.ts";
import { hashAtOnce } from "../support/hash-at-once.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { readLive } from "../support/publishing.ts";
import { PushedMirror } from "../support/pushed-mirror.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";

hashAtOnce();

let clock: VirtualClock;
let store: MemoryStore;
let revision: number;
let running: { readonly stop: AbortController; readonly done: Promise<void> }[];

beforeEach(() => {
  clock = virtualClock();
  store = new MemoryStore(() => clock.now());
  revision = 0;
  running = [];
});
afterEach(async () => {
  for (const { stop } of running) stop.abort();
  await clock.advance(60_000);
  await Promise.all(running.map(({ done }) => done));
});

function change(
  cause: KeyspaceChange["cause"],
  values: Readonly<Record<string, string | undefined>>,
): KeyspaceChange {
  revision += 1;
  const encoder = new TextEncoder();
  const entries = Object.entries(values).map(
    ([id, text]) => [`/apisix/routes/${id}`, text] as const,
  );
  return {
    cause,
    clusterId: "1",
    revision,
    puts: entries.flatMap(([key, text]) =>
      text === undefined ? [] : [{ key, value: encoder.encode(text), modRevision: revision }],
    ),
    deletes: entries.flatMap(([key, text]) => (text === undefined ? [key] : [])),
  };
}

const route = (id: string, desc = "1") =>
  JSON.stringify({ uri: `/${id}`, desc, upstream: { nodes: { "127.0.0.1:80": 1 } } });
const routes = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, route(`r${i}`)]));

function anExporter(from = store) {
  const mirror = new PushedMirror(() => clock.now());
  const lines: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  const line =
    (level: string) =>
    (message: string, fields: object = {}) =>
      lines.push({ level, message, fields });
  const log: Log = {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
  };
  const exporter = new Exporter({
    config: {
      prefix: "/apisix",
      namespace: "default",
      router: "radixtree_host_uri",
      publishIntervalMs: 1000,
      pointerCheckIntervalMs: 2000,
      lossGuard: LOSS_GUARD_DEFAULT,
      retention: { keepGenerations: 20, graceMs: 86_400_000, intervalMs: 3_600_000 },
    },
    store: from,
    mirror,
    clock,
    random: () => 0.5,
    log,
    by: "a test",
  });
  const run = () => {
    const stop = new AbortController();
    running.push({ stop, done: exporter.run(stop.signal) });
    return stop;
  };
  return { exporter, mirror, lines, run, status: () => statusReport(exporter.sources()) };
}

const operator = () => ({ store, clock, namespace: "default", by: "operator" });

describe("the exporter", () => {
  it("publishes the base, then every change, coalesced to one publish an interval", async () => {
    const { mirror, run, status, exporter } = anExporter();
    run();
    expect(isReady(exporter.sources())).toBe(false);
    mirror.push(change("base", { a: route("a") }));
    await clock.advance(100);
    expect(status()).toMatchObject({
      role: "leader",
      ready: true,
      generation: 1,
      publishedRevision: 1,
    });
    for (let i = 2; i <= 9; i++) mirror.push(change("watch", { a: route("a", String(i)) }));
    await clock.advance(5000);
    expect(await readLive(store)).toMatchObject({
      manifest: { generation: 2 },
      routes: { a: "9" },
    });
    expect(status()).toMatchObject({ lag: { revisions: 0, seconds: 0 }, publish: { count: 2 } });
  });

  it("is not ready before what etcd holds is live, though an older generation is", async () => {
    const first = anExporter();
    const stop = first.run();
    first.mirror.push(change("base", { a: route("a") }));
    await clock.advance(2000);
    stop.abort();
    await clock.advance(2000);
    const put = store.put.bind(store);
    store.put = () => Promise.reject(new StoreError("no", true));
    const second = anExporter();
    second.run();
    second.mirror.push(change("base", { a: route("a", "2") }));
    await clock.advance(2000);
    expect(second.status()).toMatchObject({ ready: false, generation: 1 });
    store.put = put;
    await clock.advance(20_000);
    expect(second.status()).toMatchObject({ ready: true, generation: 2 });
  });

  it("lets a change wait that comes while a large base is compiled", async () => {
    const { mirror, run } = anExporter();
    run();
    const ids = Array.from({ length: 10_500 }, (_, i) => `r${i}`);
    mirror.push(change("base", Object.fromEntries(ids.map((id) => [id, route(id)]))));
    const { sleep } = clock;
    clock.sleep = (ms, signal) => {
      // Between two parts of the table.
      if (ms === 0 && revision === 1) {
        mirror.push(change("watch", { r0: route("r0", "2"), r10499: route("r10499", "2") }));
      }
      return sleep(ms, signal);
    };
    await clock.advance(500);
    expect(await readLive(store)).toMatchObject({
      manifest: { generation: 1, source: { revision: 1 } },
      routes: { r0: "1", r10499: "1" },
    });
    await clock.advance(3000);
    expect(await readLive(store)).toMatchObject({
      manifest: { generation: 2, source: { revision: 2 } },
      routes: { r0: "2", r10499: "2" },
    });
  });

  it("keeps the last valid value of a bad one, and says once what to do", async () => {
    const { mirror, run, status, lines, exporter } = anExporter();
    run();
    mirror.push(change("base", { a: route("a"), b: route("b") }));
    await clock.advance(2000);
    mirror.push(change("watch", { a: "{bad", b: route("b", "2") }));
    await clock.advance(3000);
    expect(await readLive(store)).toMatchObject({ routes: { a: "1", b: "2" } });
    const [rejection] = status().rejections.list;
    expect(rejection).toMatchObject({ key: "/apisix/routes/a", revision: 2, keptRevision: 1 });
    expect(rejection?.remedy).toMatch(/\w/);
    expect(lines.filter(({ message }) => message === "rejected")).toHaveLength(1);
    expect(await createMetrics().render(exporter.sources())).toContain("snapgate_rejections 1");
  });

  it("remembers the last valid value across a restart", async () => {
    const first = anExporter();
    const stop = first.run();
    first.mirror.push(change("base", { a: route("a"), b: route("b") }));
    await clock.advance(2000);
    stop.abort();
    await clock.advance(2000);
    const second = anExporter();
    second.run();
    second.mirror.push(change("base", { a: "{bad", b: route("b", "2") }));
    await clock.advance(2000);
    expect(await readLive(store)).toMatchObject({ routes: { a: "1", b: "2" } });
    expect(second.status().rejections.list[0]).toMatchObject({ keptRevision: 1 });
  });

  it("holds a sudden loss, loudly, until it comes back", async () => {
    const { mirror, run, status, lines } = anExporter();
    run();
    mirror.push(change("base", routes(40)));
    await clock.advance(2000);
    const gone = Object.fromEntries(Object.keys(routes(30)).map((id) => [id, undefined]));
    mirror.push(change("watch", gone));
    await clock.advance(3000);
    expect(status().holds.loss).toMatchObject({ removed: 30, live: 40 });
    expect(lines.some(({ message }) => message === "publishing is held")).toBe(true);
    expect(Object.keys((await readLive(store))?.routes ?? {})).toHaveLength(40);
    mirror.push(change("watch", routes(30)));
    await clock.advance(3000);
    expect(status().holds.loss).toBeNull();
  });

  it("lets a held loss through by force, from beside, and goes on from there", async () => {
    const { mirror, run, status } = anExporter();
    run();
    mirror.push(change("base", routes(40)));
    await clock.advance(2000);
    mirror.push(
      change("watch", Object.fromEntries(Object.keys(routes(30)).map((id) => [id, undefined]))),
    );
    await clock.advance(3000);
    const beside = anExporter();
    const left = Object.fromEntries(Object.entries(routes(40)).slice(30));
    const base = change("base", left);
    // etcd numbers them as it did when they were written.
    const puts = base.puts.map((entry) => ({ ...entry, modRevision: 1 }));
    beside.mirror.push({ ...base, puts });
    const forced = beside.exporter.publishOnce(new AbortController().signal, { force: true });
    await clock.advance(100);
    expect(await forced).toMatchObject({ outcome: "published", generation: 2 });
    await clock.advance(5000);
    expect(status()).toMatchObject({ generation: 2, holds: { loss: null } });
  });

  it("publishes nothing over an operator's hold, also after a restart, and the latest once resumed", async () => {
    const first = anExporter();
    const stop = first.run();
    first.mirror.push(change("base", { a: route("a") }));
    await clock.advance(2000);
    first.mirror.push(change("watch", { a: route("a", "2") }));
    await clock.advance(2000);
    await rollback(operator(), 1);
    first.mirror.push(change("watch", { a: route("a", "3") }));
    await clock.advance(5000);
    expect(first.status().holds.operator).toMatchObject({ reason: "rollback to generation 1" });
    expect(await readLive(store)).toMatchObject({ routes: { a: "1" } });
    stop.abort();
    await clock.advance(2000);
    const second = anExporter();
    second.run();
    second.mirror.push(change("base", { a: route("a", "4") }));
    await clock.advance(5000);
    expect(await readLive(store)).toMatchObject({ routes: { a: "1" } });
    await resume(operator());
    await clock.advance(5000);
    expect(await readLive(store)).toMatchObject({ routes: { a: "4" } });
    expect(second.status().holds.operator).toBeNull();
  });

  it("keeps the old generation live while the store fails, says so, and goes on by itself", async () => {
    const { mirror, run, status, lines } = anExporter();
    run();
    mirror.push(change("base", { a: route("a") }));
    await clock.advance(2000);
    const put = store.put.bind(store);
    store.put = async () => {
      throw new StoreError("the bucket is away", true);
    };
    mirror.push(change("watch", { a: route("a", "2") }));
    await clock.advance(20_000);
    expect(status()).toMatchObject({
      generation: 1,
      publish: { error: { message: "the bucket is away" } },
    });
    expect(status().lag.seconds).toBeGreaterThan(10);
    expect(lines.some(({ level }) => level === "error")).toBe(true);
    store.put = put;
    await clock.advance(30_000);
    expect(status()).toMatchObject({
      generation: 2,
      publish: { error: null },
      lag: { seconds: 0 },
    });
  });

  it("finishes the publish under way when it is stopped", async () => {
    const { mirror, run } = anExporter();
    const put = store.put.bind(store);
    store.put = async (name, bytes) => {
      await clock.sleep(300);
      await put(name, bytes);
    };
    const stop = run();
    mirror.push(change("base", { a: route("a") }));
    await clock.advance(100);
    stop.abort();
    await clock.advance(5000);
    await running[0]?.done;
    expect(await readLive(store)).toMatchObject({ routes: { a: "1" } });
  });
});
