import { describe, expect, it } from "vitest";
import { createBalancer } from "../../../edge/balancer/balancer.ts";
import type { Upstream, UpstreamNode } from "../../../shared/resources/upstream.ts";
import { seededRandom } from "../../support/random.ts";

const NO_VARIABLES = { get: () => undefined };

type Weighted = readonly [host: string, weight: number, priority?: number];

function upstreamOf(...nodes: Weighted[]): Upstream {
  const all = nodes.map(
    ([host, weight, priority = 0]): UpstreamNode => ({ host, port: 80, weight, priority }),
  );
  return {
    nodes: all,
    type: "roundrobin",
    scheme: "http",
    pass_host: "pass",
    hash_on: "vars",
  };
}

const balancerOf = (seed: number, ...nodes: Weighted[]) =>
  createBalancer(upstreamOf(...nodes), seededRandom(seed).next);

/** The first choice of each of `count` requests. */
function firsts(seed: number, count: number, ...nodes: Weighted[]): string[] {
  const balancer = balancerOf(seed, ...nodes);
  return Array.from(
    { length: count },
    () => balancer.candidates(NO_VARIABLES).next().value?.host ?? "none",
  );
}

/** Everything that one request may try, up to a limit. */
function tries(seed: number, limit: number, ...nodes: Weighted[]): string[] {
  const candidates = balancerOf(seed, ...nodes).candidates(NO_VARIABLES);
  const hosts: string[] = [];
  for (let next = candidates.next(); !next.done && hosts.length < limit; next = candidates.next())
    hosts.push(next.value.host);
  return hosts;
}

const counted = (hosts: string[]) => {
  const counts: Record<string, number> = {};
  for (const host of hosts) counts[host] = (counts[host] ?? 0) + 1;
  return counts;
};

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe("round-robin", () => {
  it.each(SEEDS)("has exact proportions in any run of a cycle's length (seed %i)", (seed) => {
    expect(counted(firsts(seed, 7, ["a", 5], ["b", 1], ["c", 1]))).toEqual({ a: 5, b: 1, c: 1 });
    expect(counted(firsts(seed, 3, ["a", 20], ["b", 10]))).toEqual({ a: 2, b: 1 });
    expect(counted(firsts(seed, 9, ["a", 1], ["b", 1], ["c", 1]))).toEqual({ a: 3, b: 3, c: 3 });
  });

  it("goes in LVS's order: the heavy node alone first, the light ones in the last round", () => {
    const cycle = firsts(1, 14, ["a", 5], ["b", 1], ["c", 1]).join("");
    expect("aaaaabcaaaaabcaaaaabc").toContain(cycle);
  });

  it("begins at any draw of the cycle, so that new isolates spread as the weights say", () => {
    const begins = Array.from({ length: 4000 }, (_, seed) => firsts(seed, 1, ["a", 3], ["b", 1]));
    const share = (counted(begins.flat()).a ?? 0) / begins.length;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(0.8);
  });

  it("never chooses weight 0, unless all are 0", () => {
    expect(counted(firsts(1, 10, ["a", 1], ["b", 0]))).toEqual({ a: 10 });
    expect(tries(1, 10, ["a", 1], ["b", 0])).toEqual(["a"]);
    expect(counted(firsts(1, 10, ["a", 0], ["b", 0]))).toEqual({ a: 5, b: 5 });
  });

  it.each(SEEDS)("offers every node once to one request, then ends (seed %i)", (seed) => {
    expect(tries(seed, 10, ["a", 5], ["b", 1], ["c", 2]).sort()).toEqual(["a", "b", "c"]);
  });

  it("finds the light node behind a million draws of the heavy one", () => {
    const hosts = tries(1, 10, ["a", 1_000_000], ["b", 1], ["c", 0]);
    expect(hosts.sort()).toEqual(["a", "b"]);
  });

  it("takes higher priorities first and falls back to lower ones", () => {
    const hosts = tries(1, 10, ["low", 1, -1], ["high", 1, 5], ["high2", 1, 5], ["mid", 1, 0]);
    expect(hosts.slice(0, 2).sort()).toEqual(["high", "high2"]);
    expect(hosts.slice(2)).toEqual(["mid", "low"]);
    expect(counted(firsts(1, 10, ["low", 9, 0], ["high", 1, 1]))).toEqual({ high: 10 });
  });

  it("counts an address once, by its last entry", () => {
    expect(counted(firsts(1, 8, ["a", 1], ["b", 1], ["a", 3]))).toEqual({ a: 6, b: 2 });
    expect(tries(1, 10, ["a", 1], ["a", 0])).toEqual(["a"]);
  });

  it("offers an only node again and again, whatever its weight", () => {
    expect(tries(1, 3, ["a", 0])).toEqual(["a", "a", "a"]);
  });

  it("offers nothing where there are no nodes", () => {
    expect(tries(1, 3)).toEqual([]);
  });

  it("keeps its place in the rotation from one request to the next, retries included", () => {
    const balancer = balancerOf(1, ["a", 1], ["b", 1], ["c", 1]);
    const first = balancer.candidates(NO_VARIABLES);
    const one = first.next().value?.host;
    const two = first.next().value?.host;
    const three = balancer.candidates(NO_VARIABLES).next().value?.host;
    expect(new Set([one, two, three]).size).toBe(3);
  });
});
