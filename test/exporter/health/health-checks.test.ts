import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreError } from "../../../exporter/store/object-store.ts";
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

describe("health checks", () => {
  it("name a dead node in the overlay within a second of finding it, and take it out again", async () => {
    const exporter = world.exporter();
    exporter.run();
    exporter.put({ "upstreams/1": upstream([A, B]) });
    await clock.advance(500);
    expect(overlay()).toMatchObject({ down: {}, leftToEdge: [], validSeconds: 30 });
    script.results.set(A, "tcp-failure");
    await clock.advance(3000);
    expect(overlay()).toMatchObject({
      namespace: "default",
      writtenBy: "exporter 1",
      down: { "upstreams/1": [A] },
    });
    expect(exporter.state.health).toMatchObject({ isProbing: true, upstreams: 1, nodes: 2 });
    script.results.delete(A);
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({});
    expect(exporter.lines.filter((line) => line.includes("node is"))).toEqual([
      `warn node is down {"upstream":"upstreams/1","node":"${A}","by":"tcp-failure"}`,
      `info node is healthy again {"upstream":"upstreams/1","node":"${A}"}`,
    ]);
  });

  it("are made for inline upstreams of routes and services too, under their keys", async () => {
    const exporter = world.exporter();
    script.results.set(A, "tcp-failure");
    exporter.run();
    exporter.put({
      "routes/7": { uri: "/a", upstream: upstream([A]) },
      "services/s": { upstream: upstream([A, B]) },
      "routes/off": { uri: "/b", status: 0, upstream: upstream([A]) },
      "routes/plain": { uri: "/c", upstream: { nodes: { [A]: 1 } } },
      "upstreams/refused": upstream([A], BOTH, { scheme: "kafka" }),
    });
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "routes/7": [A], "services/s": [A] });
    expect(exporter.table.checked).toEqual(new Set(["routes/7", "services/s"]));
  });

  it("follow the table: nodes, checks and resources that come and go", async () => {
    const exporter = world.exporter();
    script.results.set(A, "tcp-failure");
    exporter.run();
    exporter.put({ "upstreams/1": upstream([A]), "upstreams/2": upstream([A]) });
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A], "upstreams/2": [A] });
    exporter.put({ "upstreams/1": upstream([A, B]), "upstreams/2": { nodes: { [A]: 1 } } });
    await clock.advance(1100);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A] });
    expect(exporter.state.health).toMatchObject({ upstreams: 1, nodes: 2 });
    exporter.put({ "upstreams/1": undefined, "upstreams/3": upstream([A]) });
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "upstreams/3": [A] });
    expect(exporter.state.health).toMatchObject({ upstreams: 1, nodes: 1 });
  });

  it("ask the table for nothing that has no checks", async () => {
    const exporter = world.exporter();
    exporter.run();
    const asked: string[] = [];
    const get = exporter.table.get.bind(exporter.table);
    exporter.table.get = (key) => {
      asked.push(key);
      return get(key);
    };
    const routeTo = (uri: string) => ({ uri, upstream: { nodes: { [B]: 1 } } });
    const routes = Array.from({ length: 500 }, (_, i) => [`routes/${i}`, routeTo(`/${i}`)]);
    exporter.put({ ...Object.fromEntries(routes), "upstreams/1": upstream([A]) });
    exporter.put({ "routes/1": routeTo("/one") });
    await clock.advance(1000);
    expect(exporter.table.size).toBe(501);
    expect(asked).toEqual(["upstreams/1"]);
  });

  it("are left to the edge where the upstream says so, or all of them", async () => {
    const label = { labels: { "snapgate/checks": "edge" } };
    const values = { "upstreams/1": upstream([A], BOTH, label), "upstreams/2": upstream([B]) };
    const exporter = world.exporter();
    const stop = exporter.run();
    exporter.put(values);
    await clock.advance(2000);
    expect(overlay()).toMatchObject({ down: {}, leftToEdge: ["upstreams/1"] });
    expect(new Set(script.seen.map(({ node }) => node))).toEqual(new Set([B]));
    stop.abort();
    await clock.advance(1000);
    script.seen.length = 0;
    const off = world.exporter("off");
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
    const exporter = world.exporter();
    exporter.put({ "upstreams/1": upstream([A]) });
    await clock.advance(5000);
    expect(script.seen).toEqual([]);
    expect(overlay()).toBeUndefined();
    const stop = exporter.run();
    await clock.advance(5000);
    expect(script.seen.length).toBeGreaterThan(3);
    stop.abort();
    await clock.advance(100);
    const [probes, written] = [script.seen.length, store.objects.get(NAME)];
    script.results.set(A, "tcp-failure");
    await clock.advance(60_000);
    expect(script.seen).toHaveLength(probes);
    expect(store.objects.get(NAME)).toBe(written);
    expect(exporter.state.health).toMatchObject({ isProbing: false, upstreams: 0, nodes: 0 });
    exporter.run();
    await clock.advance(3000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [A] });
  });

  it("end with the leadership although the store keeps the last write waiting", async () => {
    const exporter = world.exporter();
    const hung = Promise.withResolvers<never>();
    store.compareAndSet = () => hung.promise;
    const stop = exporter.run();
    exporter.put({ "upstreams/1": upstream([A]) });
    await clock.advance(3000);
    expect(script.seen.length).toBeGreaterThan(1);
    stop.abort();
    await clock.advance(100);
    const probes = script.seen.length;
    await clock.advance(10_000);
    expect(script.seen).toHaveLength(probes);
    hung.reject(new StoreError("gone", true));
  });

  it("do not touch the overlay once they have lost the leadership", async () => {
    const exporter = world.exporter();
    const bytes = new Uint8Array([1]);
    await store.compareAndSet(NAME, bytes, undefined);
    const looked = Promise.withResolvers<void>();
    const get = store.get.bind(store);
    store.get = (name) => looked.promise.then(() => get(name));
    const stop = exporter.run();
    exporter.put({ "upstreams/1": { nodes: { [A]: 1 } } });
    await clock.advance(3000);
    stop.abort();
    looked.resolve();
    await clock.advance(3000);
    expect(store.objects.get(NAME)?.bytes).toEqual(bytes);
  });

  it("tell of a fault of their own once a minute, and go on", async () => {
    const exporter = world.exporter();
    script.results.set(A, new Error("no descriptor left"));
    exporter.run();
    exporter.put({ "upstreams/1": upstream([A, B]) });
    await clock.advance(30_000);
    expect(exporter.lines.filter((line) => line.includes("cannot probe"))).toHaveLength(1);
    expect(exporter.state.health.probes.fault).toBeGreaterThan(20);
    expect(exporter.state.health.lastFault?.message).toContain("no descriptor left");
    expect(overlay()?.down).toEqual({});
  });

  it("tell once that more probes are due than can be made, until it is over", async () => {
    const exporter = world.exporter();
    const nodes = Array.from({ length: 10 }, (_, i) => `10.0.0.${i}:80`);
    const many = Array.from({ length: 100 }, (_, i) => [`upstreams/${i}`, upstream(nodes)]);
    script.tookMs = 5000;
    exporter.run();
    exporter.put(Object.fromEntries(many));
    await clock.advance(30_000);
    const told = () => exporter.lines.filter((line) => line.includes("more probes are due"));
    expect(told()).toHaveLength(1);
    expect(exporter.state.health.waiting).toBeGreaterThan(256);
    expect(script.load.most).toBe(256);
    script.tookMs = 0;
    await clock.advance(20_000);
    expect(exporter.state.health.waiting).toBe(0);
    script.tookMs = 5000;
    await clock.advance(20_000);
    expect(told()).toHaveLength(2);
  });
});
