import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreError } from "../../../exporter/store/object-store.ts";
import type { HealthOverlay } from "../../../shared/health/overlay.ts";
import { HealthWorld, checkedUpstream as upstream } from "../../support/health-world.ts";
import type { MemoryStore } from "../../support/memory-store.ts";
import type { ScriptedProbe } from "../../support/scripted-probe.ts";
import type { VirtualClock } from "../../support/virtual-clock.ts";

const NAME = "health/exporter.json";
const BOTH = { healthy: {}, unhealthy: { tcp_failures: 2 } };
const A = "10.0.0.1:80";
const B = "10.0.0.2:80";

let world: HealthWorld;
let clock: VirtualClock;
let store: MemoryStore;
let script: ScriptedProbe;

beforeEach(() => {
  world = new HealthWorld();
  ({ clock, store, script } = world);
});
afterEach(() => world.end());

const overlay = () => world.overlay();

describe("the overlay", () => {
  it("is renewed while nothing changes, and written at most once a second", async () => {
    const exporter = world.exporter();
    const times: number[] = [];
    const set = store.compareAndSet.bind(store);
    store.compareAndSet = (...args) => {
      times.push(clock.now());
      return set(...args);
    };
    exporter.run();
    exporter.put({ "upstreams/1": upstream([A, B], { ...BOTH, unhealthy: { tcp_failures: 1 } }) });
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
    const exporter = world.exporter();
    await store.compareAndSet(NAME, new Uint8Array([1]), undefined);
    exporter.run();
    await clock.advance(30_000);
    expect(store.objects.get(NAME)?.bytes).toEqual(new Uint8Array([1]));
    exporter.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    expect(overlay()?.down).toEqual({});
  });

  it("is neither written nor left where nothing is checked", async () => {
    const exporter = world.exporter();
    exporter.run();
    exporter.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    expect(overlay()).toBeDefined();
    exporter.put({ "upstreams/1": { nodes: { [A]: 1 } } });
    await clock.advance(1500);
    expect(overlay()).toBeUndefined();
    const { get } = store;
    store.get = () => Promise.reject(new Error("not to be asked again"));
    await clock.advance(60_000);
    expect(exporter.state.health.writeFailures).toBe(0);
    store.get = get;
    exporter.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    expect(overlay()).toBeDefined();
  });

  it("that an earlier exporter left is deleted where nothing is checked any more", async () => {
    const before = world.exporter();
    const stop = before.run();
    before.put({ "upstreams/1": upstream([A]) });
    await clock.advance(1500);
    stop.abort();
    const exporter = world.exporter();
    exporter.run();
    exporter.put({ "upstreams/1": { nodes: { [A]: 1 } } });
    await clock.advance(15_000);
    expect(store.objects.has(NAME)).toBe(false);
  });

  it("is tried again when the store fails, and is right in the end", async () => {
    const exporter = world.exporter();
    const set = store.compareAndSet.bind(store);
    store.compareAndSet = () => Promise.reject(new StoreError("503", true));
    exporter.run();
    script.results.set(A, "tcp-failure");
    exporter.put({ "upstreams/1": upstream([A]) });
    await clock.advance(20_000);
    expect(exporter.state.health.writeFailures).toBeGreaterThan(2);
    expect(exporter.state.health.writeFailures).toBeLessThan(20);
    expect(exporter.state.health.writeError?.message).toBe("503");
    store.compareAndSet = set;
    await clock.advance(7000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A] });
    expect(exporter.state.health.writeError).toBeUndefined();
  });

  it("is right although a write was done that looked like a failure", async () => {
    const exporter = world.exporter();
    const set = store.compareAndSet.bind(store);
    store.compareAndSet = async (...args) => {
      await set(...args);
      throw new StoreError("connection lost", true);
    };
    exporter.run();
    exporter.put({ "upstreams/1": upstream([A]) });
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
    const before = world.exporter();
    const stop = before.run();
    before.put(values);
    await clock.advance(2000);
    stop.abort();
    // The next one would need its first probe to know it.
    script.tookMs = 20_000;
    const next = world.exporter("on", "exporter 2");
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
      const exporter = world.exporter();
      exporter.put({ "upstreams/1": upstream([A], slow) });
      const stop = exporter.run();
      await clock.advance(500);
      expect(overlay()?.down, text).toEqual({});
      stop.abort();
      await clock.advance(10);
    }
  });

  it("that has no room says so, and names as many as it can", async () => {
    const exporter = world.exporter("off");
    exporter.run();
    const count = 16_000;
    const key = (i: number) => `upstreams/${String(i).padStart(64, "0")}`;
    const all = Array.from({ length: count }, (_, i) => [key(i), upstream([A])] as const);
    exporter.put(Object.fromEntries(all));
    await clock.advance(1500);
    const listed = overlay()?.leftToEdge ?? [];
    expect(listed.length).toBeGreaterThan(12_000);
    expect(listed).toEqual(all.slice(0, listed.length).map(([name]) => name));
    expect(exporter.state.health.omitted).toBe(count - listed.length);
    expect(exporter.lines.filter((line) => line.startsWith("error"))).toHaveLength(1);
    exporter.put(Object.fromEntries(all.slice(10).map(([name]) => [name, undefined])));
    await clock.advance(1500);
    expect(exporter.state.health.omitted).toBe(0);
    expect(overlay()?.leftToEdge).toHaveLength(10);
  });
});
