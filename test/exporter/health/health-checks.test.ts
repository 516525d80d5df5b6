import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HealthChecks } from "../../../exporter/health/health-checks.ts";
import type { Log } from "../../../exporter/log.ts";
import { ResourceTable } from "../../../exporter/resource-table.ts";
import { type ExporterState, initialState } from "../../../exporter/status.ts";
import { StoreError } from "../../../exporter/store/object-store.ts";
import { decodeOverlay, type HealthOverlay } from "../../../shared/health/overlay.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { type ScriptedProbe, scriptedProbe } from "../../support/scripted-probe.ts";
import { type VirtualClock, virtualClock } from "../../support/virtual-clock.ts";

const NAME = "health/exporter.json";
const BOTH = { healthy: {}, unhealthy: { tcp_failures: 2 } };

let clock: VirtualClock;
let store: MemoryStore;
let script: ScriptedProbe;
let running: { readonly stop: AbortController; readonly done: Promise<void> }[];

beforeEach(() => {
  clock = virtualClock();
  store = new MemoryStore(() => clock.now());
  script = scriptedProbe(clock);
  running = [];
});
afterEach(async () => {
  for (const { stop } of running) stop.abort();
  await clock.advance(20_000);
  await Promise.all(running.map(({ done }) => done));
});

type Values = Readonly<Record<string, object | undefined>>;

/** An exporter's table with the checks of it. */
class World {
  readonly table = new ResourceTable("/apisix");
  readonly state: ExporterState = initialState();
  readonly lines: string[] = [];
  readonly checks: HealthChecks;
  #revision = 0;

  constructor(checks: "on" | "off" = "on", by = "exporter 1") {
    const line =
      (level: string) =>
      (message: string, fields: object = {}) =>
        void this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const log: Log = {
      debug: line("debug"),
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
    };
    const { table, state } = this;
    const common = { table, state, store, clock, log, by, checks, namespace: "default" };
    this.checks = new HealthChecks({ ...common, random: () => 0, probe: script.probe });
  }

  put(values: Values): void {
    this.#revision += 1;
    const entries = Object.entries(values);
    const puts = entries.flatMap(([key, value]) => {
      if (!value) return [];
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      return [{ key: `/apisix/${key}`, value: bytes, modRevision: this.#revision }];
    });
    const deletes = entries.flatMap(([key, value]) => (value ? [] : [`/apisix/${key}`]));
    const cause = this.#revision === 1 ? "base" : "watch";
    const revision = this.#revision;
    const changed = this.table.apply({ cause, clusterId: "1", revision, puts, deletes });
    this.state.hasBase = true;
    this.checks.note(changed);
  }

  run(): AbortController {
    const stop = new AbortController();
    running.push({ stop, done: this.checks.run(stop.signal) });
    return stop;
  }
}

const upstream = (nodes: readonly string[], active: object = BOTH, more: object = {}) => ({
  nodes: Object.fromEntries(nodes.map((node) => [node, 1])),
  checks: { active },
  ...more,
});

function overlay(): HealthOverlay | undefined {
  const held = store.objects.get(NAME);
  return held && decodeOverlay(held.bytes, NAME);
}

const A = "10.0.0.1:80";
const B = "10.0.0.2:80";

describe("health checks", () => {
  it("name a dead node in the overlay within a second of finding it, and take it out again", async () => {
    const world = new World();
    world.run();
    world.put({ "upstreams/1": upstream([A, B]) });
    await clock.advance(500);
    expect(overlay()).toMatchObject({ down: {}, leftToEdge: [], validSeconds: 30 });
    script.results.set(A, "tcp-failure");
    await clock.advance(3000);
    expect(overlay()).toMatchObject({
      namespace: "default",
      writtenBy: "exporter 1",
      down: { "upstreams/1": [A] },
    });
    expect(world.state.health).toMatchObject({ isProbing: true, upstreams: 1, nodes: 2 });
    script.results.delete(A);
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({});
    expect(world.lines.filter((line) => line.includes("node is"))).toEqual([
      `warn node is down {"upstream":"upstreams/1","node":"${A}","by":"tcp-failure"}`,
      `info node is healthy again {"upstream":"upstreams/1","node":"${A}"}`,
    ]);
  });

  it("are made for inline upstreams of routes and services too, under their keys", async () => {
    const world = new World();
    script.results.set(A, "tcp-failure");
    world.run();
    world.put({
      "routes/7": { uri: "/a", upstream: upstream([A]) },
      "services/s": { upstream: upstream([A, B]) },
      "routes/off": { uri: "/b", status: 0, upstream: upstream([A]) },
      "routes/plain": { uri: "/c", upstream: { nodes: { [A]: 1 } } },
      "upstreams/refused": upstream([A], BOTH, { scheme: "kafka" }),
    });
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "routes/7": [A], "services/s": [A] });
    expect(world.table.checked).toEqual(new Set(["routes/7", "services/s"]));
  });

  it("follow the table: nodes, checks and resources that come and go", async () => {
    const world = new World();
    script.results.set(A, "tcp-failure");
    world.run();
    world.put({ "upstreams/1": upstream([A]), "upstreams/2": upstream([A]) });
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A], "upstreams/2": [A] });
    world.put({ "upstreams/1": upstream([A, B]), "upstreams/2": { nodes: { [A]: 1 } } });
    await clock.advance(1100);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A] });
    expect(world.state.health).toMatchObject({ upstreams: 1, nodes: 2 });
    world.put({ "upstreams/1": undefined, "upstreams/3": upstream([A]) });
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "upstreams/3": [A] });
    expect(world.state.health).toMatchObject({ upstreams: 1, nodes: 1 });
  });

  it("ask the table for nothing that has no checks", async () => {
    const world = new World();
    world.run();
    const asked: string[] = [];
    const get = world.table.get.bind(world.table);
    world.table.get = (key) => {
      asked.push(key);
      return get(key);
    };
    const routeTo = (uri: string) => ({ uri, upstream: { nodes: { [B]: 1 } } });
    const routes = Array.from({ length: 500 }, (_, i) => [`routes/${i}`, routeTo(`/${i}`)]);
    world.put({ ...Object.fromEntries(routes), "upstreams/1": upstream([A]) });
    world.put({ "routes/1": routeTo("/one") });
    await clock.advance(1000);
    expect(world.table.size).toBe(501);
    expect(asked).toEqual(["upstreams/1"]);
  });

  it("are left to the edge where the upstream says so, or all of them", async () => {
    const label = { labels: { "snapgate/checks": "edge" } };
    const values = { "upstreams/1": upstream([A], BOTH, label), "upstreams/2": upstream([B]) };
    const world = new World();
    const stop = world.run();
    world.put(values);
    await clock.advance(2000);
    expect(overlay()).toMatchObject({ down: {}, leftToEdge: ["upstreams/1"] });
    expect(new Set(script.seen.map(({ node }) => node))).toEqual(new Set([B]));
    stop.abort();
    await clock.advance(1000);
    script.seen.length = 0;
    const off = new World("off");
    off.run();
    off.put(values);
    await clock.advance(11_000);
    expect(overlay()?.leftToEdge).toEqual(["upstreams/1", "upstreams/2"]);
    expect(script.seen).toEqual([]);
    expect(off.state.health.isProbing).toBe(false);
    off.put({ "upstreams/1": undefined });
    await clock.advance(1100);
    expect(overlay()?.leftToEdge).toEqual(["upstreams/2"]);
  });

  it("are not made by a follower, and end with the leadership", async () => {
    const world = new World();
    world.put({ "upstreams/1": upstream([A]) });
    await clock.advance(5000);
    expect(script.seen).toEqual([]);
    expect(overlay()).toBeUndefined();
    const stop = world.run();
    await clock.advance(5000);
    expect(script.seen.length).toBeGreaterThan(3);
    stop.abort();
    await clock.advance(100);
    const [probes, written] = [script.seen.length, store.objects.get(NAME)];
    script.results.set(A, "tcp-failure");
    await clock.advance(60_000);
    expect(script.seen).toHaveLength(probes);
    expect(store.objects.get(NAME)).toBe(written);
    expect(world.state.health).toMatchObject({ isProbing: false, upstreams: 0, nodes: 0 });
    world.run();
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A] });
  });

  it("tell of a fault of their own once a minute, and go on", async () => {
    const world = new World();
    script.results.set(A, new Error("no descriptor left"));
    world.run();
    world.put({ "upstreams/1": upstream([A, B]) });
    await clock.advance(30_000);
    expect(world.lines.filter((line) => line.includes("cannot probe"))).toHaveLength(1);
    expect(world.state.health.probes.fault).toBeGreaterThan(20);
    expect(world.state.health.lastFault?.message).toContain("no descriptor left");
    expect(overlay()?.down).toEqual({});
  });
});

describe("the overlay", () => {
  it("is renewed while nothing changes, and written at most once a second", async () => {
    const world = new World();
    const times: number[] = [];
    const set = store.compareAndSet.bind(store);
    store.compareAndSet = (...args) => {
      times.push(clock.now());
      return set(...args);
    };
    world.run();
    world.put({ "upstreams/1": upstream([A, B], { ...BOTH, unhealthy: { tcp_failures: 1 } }) });
    await clock.advance(60_000);
    const quiet = times.length;
    expect(quiet).toBeGreaterThanOrEqual(6);
    expect(quiet).toBeLessThanOrEqual(8);
    const gaps = () => times.slice(1).map((at, i) => at - (times[i] as number));
    expect(Math.max(...gaps())).toBeLessThan(15_000);
    for (let i = 0; i < 100; i++) {
      script.results.set(i % 2 === 0 ? A : B, "tcp-failure").delete(i % 2 === 0 ? B : A);
      await clock.advance(200);
    }
    expect(times.length).toBeGreaterThan(quiet + 3);
    expect(Math.min(...gaps())).toBeGreaterThanOrEqual(1000);
  });

  it("is not written before the base has been read", async () => {
    const world = new World();
    await store.compareAndSet(NAME, new Uint8Array([1]), undefined);
    world.run();
    await clock.advance(30_000);
    expect(store.objects.get(NAME)?.bytes).toEqual(new Uint8Array([1]));
    world.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    expect(overlay()?.down).toEqual({});
  });

  it("is neither written nor left where nothing is checked", async () => {
    const world = new World();
    world.run();
    world.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    expect(overlay()).toBeDefined();
    world.put({ "upstreams/1": { nodes: { [A]: 1 } } });
    await clock.advance(1500);
    expect(overlay()).toBeUndefined();
    const { get } = store;
    store.get = () => Promise.reject(new Error("not to be asked again"));
    await clock.advance(60_000);
    expect(world.state.health.writeFailures).toBe(0);
    store.get = get;
    world.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    expect(overlay()).toBeDefined();
  });

  it("that an earlier exporter left is deleted where nothing is checked any more", async () => {
    const before = new World();
    const stop = before.run();
    before.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    stop.abort();
    const world = new World();
    world.run();
    world.put({ "upstreams/1": { nodes: { [A]: 1 } } });
    await clock.advance(15_000);
    expect(store.objects.has(NAME)).toBe(false);
  });

  it("is tried again when the store fails, and is right in the end", async () => {
    const world = new World();
    const set = store.compareAndSet.bind(store);
    store.compareAndSet = () => Promise.reject(new StoreError("503", true));
    world.run();
    script.results.set(A, "tcp-failure");
    world.put({ "upstreams/1": upstream([A]) });
    await clock.advance(20_000);
    expect(world.state.health.writeFailures).toBeGreaterThan(2);
    expect(world.state.health.writeFailures).toBeLessThan(20);
    expect(world.state.health.writeError?.message).toBe("503");
    store.compareAndSet = set;
    await clock.advance(7000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A] });
    expect(world.state.health.writeError).toBeUndefined();
  });

  it("is right although a write was done that looked like a failure", async () => {
    const world = new World();
    const set = store.compareAndSet.bind(store);
    store.compareAndSet = async (...args) => {
      await set(...args);
      throw new StoreError("connection lost", true);
    };
    world.run();
    world.put({ "upstreams/1": upstream([A]) });
    await clock.advance(3000);
    store.compareAndSet = set;
    script.results.set(A, "tcp-failure");
    await clock.advance(10_000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A] });
  });

  it("hands on what was found, so that a new leader does not begin with dead nodes", async () => {
    const slow = { healthy: { interval: 60 }, unhealthy: { interval: 60, tcp_failures: 1 } };
    const values = { "upstreams/1": upstream([A, B], slow) };
    script.results.set(A, "tcp-failure");
    const before = new World();
    const stop = before.run();
    before.put(values);
    await clock.advance(2000);
    stop.abort();
    // The next one would need its first probe to know it.
    script.tookMs = 20_000;
    const next = new World("on", "exporter 2");
    next.put(values);
    next.run();
    await clock.advance(1500);
    expect(overlay()).toMatchObject({ writtenBy: "exporter 2", down: { "upstreams/1": [A] } });
    expect(next.state.health.down).toEqual(new Map([["upstreams/1", [A]]]));
  });

  it("is not believed when it is old, damaged or of another namespace", async () => {
    const slow = { healthy: { interval: 60 }, unhealthy: { interval: 60 } };
    const stale: HealthOverlay = {
      format: 1,
      namespace: "default",
      writtenAt: new Date(clock.now() - 31_000).toISOString(),
      writtenBy: "somebody",
      validSeconds: 30,
      down: { "upstreams/1": [A] },
      leftToEdge: [],
    };
    const fresh = { ...stale, writtenAt: new Date(clock.now()).toISOString() };
    const texts = [
      JSON.stringify(stale),
      JSON.stringify({ ...fresh, namespace: "other" }),
      JSON.stringify(fresh).slice(0, -1),
    ];
    for (const text of texts) {
      const bytes = new TextEncoder().encode(text);
      await store.compareAndSet(NAME, bytes, store.objects.get(NAME)?.etag);
      const world = new World();
      world.put({ "upstreams/1": upstream([A], slow) });
      const stop = world.run();
      await clock.advance(500);
      expect(overlay()?.down, text).toEqual({});
      stop.abort();
      await clock.advance(10);
    }
  });

  it("that has no room says so, and names as many as it can", async () => {
    const world = new World("off");
    world.run();
    const count = 16_000;
    const key = (i: number) => `upstreams/${String(i).padStart(64, "0")}`;
    const all = Array.from({ length: count }, (_, i) => [key(i), upstream([A])] as const);
    world.put(Object.fromEntries(all));
    await clock.advance(1500);
    const listed = overlay()?.leftToEdge ?? [];
    expect(listed.length).toBeGreaterThan(12_000);
    expect(listed).toEqual(all.slice(0, listed.length).map(([name]) => name));
    expect(world.state.health.omitted).toBe(count - listed.length);
    expect(world.lines.filter((line) => line.startsWith("error"))).toHaveLength(1);
    world.put(Object.fromEntries(all.slice(10).map(([name]) => [name, undefined])));
    await clock.advance(1500);
    expect(world.state.health.omitted).toBe(0);
    expect(overlay()?.leftToEdge).toHaveLength(10);
  });
});
