import { describe, expect, it } from "vitest";
import type { EndAttempt } from "../../../edge/balancer/balancer.ts";
import { BalancerPool } from "../../../edge/balancer/balancer-pool.ts";
import { balancerDeps, createBalancer } from "../../../edge/balancer/create-balancer.ts";
import { InFlight } from "../../../edge/balancer/in-flight.ts";
import { LatencyScores } from "../../../edge/balancer/latency-scores.ts";
import { ActiveVerdicts } from "../../../edge/health/active-verdicts.ts";
import { choice, counted, firsts, tries, upstreamOf } from "../../support/balancers.ts";
import { seededRandom } from "../../support/random.ts";

/** Balancers that learn from how attempts end. */

const random = () => seededRandom(7).next;
const now = () => 0;
const verdicts = new ActiveVerdicts(now);

describe("least_conn", () => {
  const pool = () => new BalancerPool({ now, random: random(), verdicts });
  const upstream = (...nodes: [string, number][]) => upstreamOf(nodes, { type: "least_conn" });

  it("takes the node with the fewest in hand for its weight, and counts down at the end", () => {
    const { balancer } = pool().stateOf("u", upstream(["a", 2], ["b", 1]));
    const ends: EndAttempt[] = [];
    const begin = () => {
      const node = choice(balancer);
      if (node && balancer.begin) ends.push(balancer.begin(node));
      return node?.host;
    };
    // Scores: 1/2 to 1; then 1 to 1, a tie; in any run of three, a has two.
    const hosts = [begin(), begin(), begin()].map((host) => host ?? "none");
    expect(hosts[0]).toBe("a");
    expect(counted(hosts)).toEqual({ a: 2, b: 1 });
    for (const end of ends) end("whole");
    expect(firsts(balancer, 20)).toEqual(Array(20).fill("a"));
  });

  it("chooses among equals at random, so that a fleet's first requests spread", () => {
    const begins = Array.from({ length: 900 }, (_, seed) => {
      const fresh = new BalancerPool({ now, random: seededRandom(seed).next, verdicts });
      const { balancer } = fresh.stateOf("u", upstream(["a", 1], ["b", 1], ["c", 1]));
      return choice(balancer)?.host ?? "none";
    });
    for (const count of Object.values(counted(begins))) {
      expect(Math.abs(count - 300)).toBeLessThan(60);
    }
  });

  it("remembers what is in hand when the upstream changes, and of an only node", () => {
    const balancers = pool();
    const before = balancers.stateOf("u", upstream(["a", 1])).balancer;
    const node = choice(before);
    if (!node) throw new Error("no node");
    const end = before.begin?.(node);
    const after = balancers.stateOf("u", upstream(["a", 1], ["b", 1])).balancer;
    expect(after).not.toBe(before);
    expect(firsts(after, 10)).toEqual(Array(10).fill("b"));
    const elsewhere = balancers.stateOf("other", upstream(["a", 1], ["b", 1])).balancer;
    expect(new Set(firsts(elsewhere, 30))).toEqual(new Set(["a", "b"]));
    end?.("cut");
    expect(new Set(firsts(after, 30))).toEqual(new Set(["a", "b"]));
  });

  it("forgets an address with nothing in hand", () => {
    const inFlight = new InFlight();
    const deps = balancerDeps({ now: () => 0, random: random() });
    const balancer = createBalancer(upstream(["a", 1], ["b", 1]), deps, inFlight);
    const ends = Array.from({ length: 100 }, () => {
      const node = choice(balancer);
      return node && balancer.begin?.(node);
    });
    expect([inFlight.size, inFlight.of("a:80"), inFlight.of("b:80")]).toEqual([2, 50, 50]);
    for (const end of ends) end?.("cut");
    expect(inFlight.size).toBe(0);
  });

  it("has the state of one upstream as long as nothing changes that it depends on", () => {
    const balancers = pool();
    const held = balancers.stateOf("u", upstream(["a", 1], ["b", 1]));
    expect(balancers.stateOf("u", { ...upstream(["a", 1], ["b", 1]), retries: 3 })).toBe(held);
    const chash = { ...upstream(["a", 1], ["b", 1]), type: "chash", key: "uri" };
    const first = balancers.stateOf("u", chash);
    expect(balancers.stateOf("u", { ...chash, key: "host" })).not.toBe(first);
  });
});

describe("ewma", () => {
  function world(clock = { now: 1000 }) {
    const deps = balancerDeps({ now: () => clock.now, random: random() });
    const balancerOf = (...hosts: string[]) =>
      createBalancer(
        upstreamOf(
          hosts.map((host) => [host, 1]),
          { type: "ewma" },
        ),
        deps,
      );
    const attempt = (hosts: string[], host: string, ms: number, how: "whole" | "cut" = "whole") => {
      const balancer = balancerOf(...hosts);
      const node = upstreamOf([[host, 1]]).nodes[0];
      const end = node && balancer.begin?.(node);
      clock.now += ms;
      end?.(how);
    };
    return { clock, deps, balancerOf, attempt };
  }

  it("takes the one that answered sooner, and over three the slowest never first", () => {
    const { attempt, balancerOf } = world();
    const hosts = ["slow", "fast", "middling"];
    attempt(hosts, "slow", 500);
    attempt(hosts, "fast", 10);
    attempt(hosts, "middling", 100);
    const counts = counted(firsts(balancerOf(...hosts), 600));
    expect(Object.keys(counts).sort()).toEqual(["fast", "middling"]);
    // Two of the three pairs have the fast one in them.
    expect(Math.abs((counts.fast ?? 0) - 400)).toBeLessThan(50);
    expect(tries(balancerOf("slow", "fast"))).toEqual(["fast", "slow"]);
  });

  it("knows an address in whatever upstream it stands", () => {
    const { attempt, balancerOf } = world();
    attempt(["a", "b"], "a", 300);
    expect(firsts(balancerOf("a", "c"), 20)).toEqual(Array(20).fill("c"));
  });

  it("does not take a node that fails at once for a fast one", () => {
    const { attempt, balancerOf, clock } = world();
    attempt(["a", "b"], "a", 200);
    attempt(["a", "b"], "b", 100);
    attempt(["a", "b"], "a", 0, "cut");
    clock.now += 5000;
    attempt(["a", "b"], "a", 0, "cut");
    expect(firsts(balancerOf("a", "b"), 20)).toEqual(Array(20).fill("b"));
    attempt(["a", "b"], "b", 30_000, "cut");
    expect(firsts(balancerOf("a", "b"), 20)).toEqual(Array(20).fill("a"));
  });
});

describe("the scores of ewma", () => {
  const E = Math.exp(-1);

  it("fall by e in ten seconds, and weigh a sample by the time since the last", () => {
    const clock = { now: 5 };
    const scores = new LatencyScores(() => clock.now);
    expect(scores.scoreOf("a:80")).toBe(0);
    scores.add("a:80", 100);
    expect(scores.scoreOf("a:80")).toBe(100);
    clock.now += 10_000;
    expect(scores.scoreOf("a:80")).toBeCloseTo(100 * E);
    scores.add("a:80", 50);
    expect(scores.scoreOf("a:80")).toBeCloseTo(100 * E + 50 * (1 - E));
    scores.add("a:80", 900);
    expect(scores.scoreOf("a:80")).toBeCloseTo(100 * E + 50 * (1 - E));
  });

  it("are gone after a minute without a sample", () => {
    const clock = { now: 0 };
    const scores = new LatencyScores(() => clock.now);
    scores.add("a:80", 1e9);
    clock.now = 60_000;
    expect(scores.scoreOf("a:80")).toBeGreaterThan(0);
    clock.now = 60_001;
    expect(scores.scoreOf("a:80")).toBe(0);
    scores.add("a:80", 7);
    expect(scores.scoreOf("a:80")).toBe(7);
  });

  it("do not grow where the clock goes back", () => {
    const clock = { now: 10_000 };
    const scores = new LatencyScores(() => clock.now);
    scores.add("a:80", 10);
    clock.now = 0;
    expect(scores.scoreOf("a:80")).toBe(10);
  });
});
