import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UpstreamChecks } from "../../../exporter/health/upstream-checks.ts";
import { Slots } from "../../../exporter/slots.ts";
import { activeCheckOf } from "../../../shared/health/active-check.ts";
import type { Upstream } from "../../../shared/resources/upstream.ts";
import { type ScriptedProbe, scriptedProbe } from "../../support/scripted-probe.ts";
import { type VirtualClock, virtualClock } from "../../support/virtual-clock.ts";

type Active = NonNullable<Upstream["checks"]>["active"];

let clock: VirtualClock;
let script: ScriptedProbe;
let events: string[];
let begun: UpstreamChecks[];

beforeEach(() => {
  clock = virtualClock();
  script = scriptedProbe(clock);
  events = [];
  begun = [];
});
afterEach(() => {
  for (const checks of begun) checks.stop();
});

/** Nodes by their port on 10.0.0.1. */
function upstreamOf(ports: readonly number[], active: Active): Upstream {
  return {
    nodes: ports.map((port) => ({ host: "10.0.0.1", port, weight: 1, priority: 0 })),
    type: "roundrobin",
    scheme: "http",
    pass_host: "pass",
    hash_on: "vars",
    checks: { active },
  };
}

function parts(ports: readonly number[], active: Active) {
  const upstream = upstreamOf(ports, active);
  const check = activeCheckOf(upstream);
  if (!check) throw new Error("no check");
  return [upstream, check] as const;
}

function begin(
  ports: readonly number[],
  active: Active,
  { slots = new Slots(100), random = 0 } = {},
) {
  const checks = new UpstreamChecks(...parts(ports, active), {
    clock,
    random: () => random,
    probe: script.probe,
    slots,
    counted: (outcome) => events.push(outcome),
    turned: (address, by) => events.push(`${address} turned by ${by}`),
    fault: (address, error) => events.push(`${address} ${error}`),
  });
  begun.push(checks);
  return checks;
}

const timesOf = (port: number) =>
  script.seen.filter(({ node }) => node === `10.0.0.1:${port}`).map(({ at }) => at);
/** Until so many more have been answered. */
async function probes(count: number): Promise<void> {
  const wanted = script.seen.length + count;
  while (script.seen.length < wanted) await clock.step(1000);
}
const turns = () => events.filter((event) => event.includes("turned"));
const A = "10.0.0.1:1";
const B = "10.0.0.1:2";

describe("the checks of an upstream", () => {
  it("probe the healthy and the dead each at their own interval", async () => {
    script.results.set(A, "tcp-failure");
    begin([1, 2], { healthy: { interval: 2 }, unhealthy: { interval: 5, tcp_failures: 2 } });
    await clock.advance(14_000);
    expect(timesOf(2)).toEqual([0, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000]);
    // Healthy until the second failure, then with the dead ones.
    expect(timesOf(1)).toEqual([0, 2000, 5000, 10_000]);
  });

  it("turn a node at the limit of each kind, and back at that of successes", async () => {
    const unhealthy = { http_failures: 4, tcp_failures: 2, timeouts: 3 };
    const checks = begin([1], { healthy: { successes: 3 }, unhealthy });
    for (const [result, limit] of [
      [{ status: 500 }, 4],
      ["tcp-failure", 2],
      ["timeout", 3],
    ] as const) {
      script.results.set(A, result);
      await probes(limit - 1);
      expect(checks.down(), `${limit} less one`).toEqual([]);
      await probes(1);
      expect(checks.down()).toEqual([A]);
      script.results.delete(A);
      await probes(2);
      expect(checks.down()).toEqual([A]);
      await probes(1);
      expect(checks.down()).toEqual([]);
    }
    expect(turns()).toHaveLength(6);
  });

  it("leave the state alone where the status is in neither list", async () => {
    script.results.set(A, { status: 418 });
    const checks = begin([1], { healthy: {}, unhealthy: { http_failures: 1 } });
    await clock.advance(5000);
    expect(checks.down()).toEqual([]);
    expect(new Set(events)).toEqual(new Set(["ignored"]));
  });

  it("leave the state alone where the fault is the exporter's", async () => {
    script.results.set(A, new Error("EMFILE"));
    const checks = begin([1], { healthy: {}, unhealthy: { tcp_failures: 1 } });
    await clock.advance(2000);
    expect(checks.down()).toEqual([]);
    expect(events).toContain(`${A} Error: EMFILE`);
    script.results.set(A, "tcp-failure");
    await clock.advance(1000);
    expect(checks.down()).toEqual([A]);
  });

  it("do not probe in a state without an object", async () => {
    begin([1], { unhealthy: {} });
    await clock.advance(10_000);
    expect(script.seen).toEqual([]);
  });

  it("begin spread over the interval, by chance, but within seconds", async () => {
    begin([1], { healthy: { interval: 4 } }, { random: 0.5 });
    begin([2], { healthy: { interval: 600 } }, { random: 0.5 });
    await clock.advance(2500);
    expect(timesOf(1)).toEqual([2000]);
    expect(timesOf(2)).toEqual([2500]);
  });

  it("run no more probes at once than `concurrency`, and get to all nodes", async () => {
    script.tookMs = 100;
    const ports = Array.from({ length: 10 }, (_, i) => i + 1);
    begin(ports, { concurrency: 3, healthy: {} });
    await clock.advance(900);
    expect(script.load.most).toBe(3);
    expect(new Set(script.seen.map(({ node }) => node)).size).toBe(10);
  });

  it("run no more probes at once than all upstreams together may", async () => {
    script.tookMs = 100;
    const slots = new Slots(4);
    for (const first of [1, 11, 21]) {
      const ports = Array.from({ length: 5 }, (_, i) => first + i);
      begin(ports, { healthy: {} }, { slots });
    }
    await clock.advance(900);
    expect(script.load.most).toBe(4);
    expect(script.seen).toHaveLength(15);
  });

  it("let a slow node hold up no other, and probe none twice at once", async () => {
    script.tookMs = 2500;
    begin([1], { healthy: {} });
    await clock.advance(100);
    script.tookMs = 0;
    begin([2], { healthy: {} });
    await clock.advance(4900);
    expect(timesOf(1)).toEqual([0, 3000, 4000, 5000]);
    expect(timesOf(2)).toHaveLength(5);
    expect(script.load.most).toBe(2);
  });

  it("probe an address once that is there twice", async () => {
    begin([1, 1], { healthy: {} });
    await clock.advance(500);
    expect(script.seen).toHaveLength(1);
  });

  it("stop at once", async () => {
    script.tookMs = 500;
    script.results.set(A, "tcp-failure");
    const checks = begin([1], { healthy: {}, unhealthy: { tcp_failures: 1 } });
    await clock.advance(100);
    checks.stop();
    await clock.advance(10_000);
    expect(script.seen).toHaveLength(1);
    expect(events).toEqual([]);
  });
});

describe("the checks of an upstream that changes", () => {
  const active: Active = { healthy: {}, unhealthy: { tcp_failures: 2 } };

  it("keep what is known of the nodes that stay, and forget those that go", async () => {
    script.results.set(A, "tcp-failure").set(B, "tcp-failure");
    const checks = begin([1, 2], active);
    await clock.advance(1500);
    expect(checks.down()).toEqual([A, B]);
    checks.update(...parts([2, 3], active));
    expect(checks.down()).toEqual([B]);
    expect(checks.size).toBe(2);
    checks.update(...parts([1, 2], active));
    expect(checks.down()).toEqual([B]);
    await clock.advance(3000);
    expect(checks.down()).toEqual([A, B]);
  });

  it("keep a count that has begun, and the rhythm", async () => {
    script.results.set(A, "tcp-failure");
    const checks = begin([1], active);
    await clock.advance(900);
    checks.update(...parts([1, 2], active));
    await clock.advance(100);
    expect(checks.down()).toEqual([A]);
    expect(timesOf(1)).toEqual([0, 1000]);
  });

  it("do not count a probe of a node that is gone", async () => {
    script.tookMs = 500;
    script.results.set(A, "tcp-failure");
    const checks = begin([1], { ...active, unhealthy: { tcp_failures: 1 } });
    await clock.advance(100);
    checks.update(...parts([2], active));
    await clock.advance(700);
    expect(turns()).toEqual([]);
    expect(checks.down()).toEqual([]);
  });

  it("go by the new intervals, limits and requests at once", async () => {
    const checks = begin([1], { healthy: { interval: 60 }, unhealthy: { tcp_failures: 5 } });
    await clock.advance(100);
    script.results.set(A, "tcp-failure");
    const quick = { http_path: "/new", healthy: {}, unhealthy: { tcp_failures: 1 } };
    checks.update(...parts([1], quick));
    await clock.advance(100);
    expect(checks.down()).toEqual([A]);
    expect(script.seen.at(-1)?.probe.path).toBe("/new");
    await clock.advance(10_000);
    expect(timesOf(1).length).toBeGreaterThan(8);
  });

  it("forget a dead node that nobody would probe any more", async () => {
    script.results.set(A, "tcp-failure");
    const checks = begin([1], active);
    await clock.advance(1500);
    expect(checks.down()).toEqual([A]);
    checks.update(...parts([1], { healthy: { interval: 60 } }));
    expect(checks.down()).toEqual([]);
  });
});

describe("what the exporter before has found", () => {
  it("is taken over, until probes say otherwise", async () => {
    const checks = begin([1, 2], { healthy: {}, unhealthy: {} }, { random: 0.5 });
    checks.adopt([A, "10.0.0.1:9"]);
    expect(checks.down()).toEqual([A]);
    await clock.advance(3000);
    expect(checks.down()).toEqual([]);
  });

  it("is too old for a node that has answered", async () => {
    const checks = begin([1], { healthy: {}, unhealthy: {} });
    await clock.advance(100);
    checks.adopt([A]);
    expect(checks.down()).toEqual([]);
  });

  it("is left where nobody would find the node alive again", () => {
    const checks = begin([1], { healthy: {} });
    checks.adopt([A]);
    expect(checks.down()).toEqual([]);
  });
});
