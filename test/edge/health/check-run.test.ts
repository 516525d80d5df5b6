import { describe, expect, it } from "vitest";
import { CheckRun, type CheckRunLimits, type CheckTarget } from "../../../edge/health/check-run.ts";
import { UnsendableProbe } from "../../../edge/health/prober.ts";
import type { Probe, ProbeResult } from "../../../shared/health/active-check.ts";
import { activeCheckOf, nodeAddress, probeOf } from "../../../shared/health/active-check.ts";
import { NodeHealth } from "../../../shared/health/node-health.ts";
import { checkedUpstream, someChecks } from "../../support/checked-world.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

function targetsOf(key: string, nodes: readonly string[], active: object = {}): CheckTarget[] {
  const upstream = checkedUpstream(nodes, someChecks({}, active));
  const check = activeCheckOf(upstream);
  if (!check) throw new Error("no active check");
  return upstream.nodes.map((node) => ({
    key,
    address: nodeAddress(upstream, node),
    check,
    probe: probeOf(upstream, node, check),
    health: new NodeHealth(),
  }));
}

const every = (healthy: number, unhealthy: number, more: object = {}) => ({
  healthy: { interval: healthy, http_statuses: [200], successes: 2 },
  unhealthy: { interval: unhealthy, http_statuses: [500], http_failures: 2 },
  ...more,
});

interface Sent {
  /** Seconds since the run began. */
  readonly at: number;
  readonly host: string;
}

/** A run on a virtual clock against nodes that answer as `answer` says, after `takesMs`. */
async function ran(
  targets: readonly CheckTarget[],
  answer: (host: string, at: number) => ProbeResult | Error,
  limits: Partial<Omit<CheckRunLimits, "endsAt">> & { seconds?: number; takesMs?: number } = {},
) {
  const { seconds = 60, takesMs = 1, ...more } = limits;
  const clock = virtualClock(0);
  const [sent, turned]: [Sent[], string[]] = [[], []];
  let underWay = 0;
  let most = 0;
  const run = new CheckRun(
    targets,
    { endsAt: seconds * 1000, probes: 10_000, atOnce: 5, ...more },
    {
      now: clock.now,
      timers: clock,
      send: async ({ host }: Probe) => {
        const at = clock.now() / 1000;
        sent.push({ at, host });
        most = Math.max(most, ++underWay);
        await clock.sleep(takesMs);
        underWay -= 1;
        const result = answer(host, at);
        if (result instanceof Error) throw result;
        return result;
      },
      onUnsendable: ({ address }, reason) => turned.push(`${address} ${reason}`),
      onTurn: ({ address, health }) => turned.push(`${address} ${health.isHealthy}`),
    },
  ).run();
  let isOver = false;
  const over = run.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (!isOver) await clock.step(1000);
  return { sent, turned, most, endedAt: clock.now() / 1000, count: await over };
}

const hosts = (sent: readonly Sent[], host: string) => sent.filter((one) => one.host === host);

describe("a run of active checks", () => {
  it("probes a healthy node and a dead one at intervals of their own", async () => {
    const targets = targetsOf("upstreams/1", ["up:80", "dead:80"], every(10, 2));
    const { sent, turned } = await ran(targets, (host) => ({ status: host === "up" ? 200 : 500 }));
    expect(hosts(sent, "up").map(({ at }) => Math.round(at))).toEqual([0, 10, 20, 30, 40, 50]);
    const dead = hosts(sent, "dead").map(({ at }) => Math.round(at));
    expect(dead.slice(0, 4)).toEqual([0, 10, 12, 14]);
    expect(turned).toEqual(["dead:80 false"]);
  });

  it("tells of each turn once, when the threshold is reached and not before", async () => {
    const targets = targetsOf("upstreams/1", ["a:80"], every(1, 1));
    const isDown = (at: number) => at > 4.5 && at < 9.5;
    const { turned, sent } = await ran(
      targets,
      (_host, at) => ({ status: isDown(at) ? 500 : 200 }),
      { seconds: 20 },
    );
    expect(turned).toEqual(["a:80 false", "a:80 true"]);
    expect(sent).toHaveLength(20);
  });

  it("never has more under way than may be, nor more of an upstream than it wants", async () => {
    const many = Array.from({ length: 30 }, (_, i) => `n${i}:80`);
    const ok = () => ({ status: 200 });
    const all = await ran(targetsOf("upstreams/1", many), ok, { seconds: 10, takesMs: 900 });
    expect(all.most).toBe(5);
    const two = targetsOf("upstreams/1", many, every(1, 1, { concurrency: 2 }));
    expect((await ran(two, ok, { seconds: 10, takesMs: 900 })).most).toBe(2);
    const both = [...two, ...targetsOf("upstreams/2", ["x:80"])];
    const { most, sent } = await ran(both, ok, { seconds: 30, takesMs: 900 });
    expect(most).toBe(3);
    expect(hosts(sent, "x").length).toBeGreaterThan(10);
  });

  it("spreads the probes that it may send over its time, and forgets no node", async () => {
    const nodes = Array.from({ length: 10 }, (_, i) => `n${i}:80`);
    const { sent, count } = await ran(targetsOf("upstreams/1", nodes), () => ({ status: 200 }), {
      seconds: 50,
      probes: 40,
    });
    expect(count).toBe(40);
    expect(sent).toHaveLength(40);
    for (let i = 0; i < 10; i++) expect(hosts(sent, `n${i}`)).toHaveLength(4);
    expect(sent.at(-1)?.at).toBeGreaterThan(45);
  });

  it("probes never where the interval is that of an object left out", async () => {
    const never = { healthy: undefined, unhealthy: undefined };
    const { sent, endedAt } = await ran(targetsOf("upstreams/1", ["a:80"], never), () => ({
      status: 200,
    }));
    expect(sent).toEqual([]);
    expect(endedAt).toBeLessThanOrEqual(60);
    const deadOnly = targetsOf("upstreams/1", ["a:80"], { healthy: undefined });
    deadOnly[0]?.health.observe("tcp-failure", {
      success: 1,
      "tcp-failure": 1,
      timeout: 1,
      "http-failure": 1,
    });
    const { turned } = await ran(deadOnly, () => ({ status: 200 }));
    expect(turned).toEqual(["a:80 true"]);
  });

  it("begins none after its end, and waits for those that are under way", async () => {
    const { sent, endedAt } = await ran(
      targetsOf("upstreams/1", ["a:80"], every(3, 3)),
      () => "timeout",
      { seconds: 10, takesMs: 2500 },
    );
    expect(sent.map(({ at }) => at)).toEqual([0, 3, 6, 9]);
    expect(endedAt).toBe(11.5);
  });

  it("goes on past a probe that cannot be sent, which says nothing of the node", async () => {
    const targets = targetsOf("upstreams/1", ["a:80", "b:80"], every(1, 1));
    const { sent, turned } = await ran(
      targets,
      (host) => (host === "a" ? new UnsendableProbe("why") : { status: 200 }),
      { seconds: 5 },
    );
    expect(hosts(sent, "b")).toHaveLength(5);
    expect(turned).toEqual(new Array(5).fill("a:80 why"));
    expect(targets[0]?.health.isHealthy).toBe(true);
  });

  it("ends with a probe that fails of itself, and calls no node dead for it", async () => {
    const targets = targetsOf("upstreams/1", ["a:80", "b:80"], every(1, 1));
    const running = ran(targets, (_host, at) => (at > 5 ? new Error("spent") : { status: 200 }));
    await expect(running).rejects.toThrow("spent");
    expect(targets.map(({ health }) => health.isHealthy)).toEqual([true, true]);
  });
});
