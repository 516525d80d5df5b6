import { describe, expect, it } from "vitest";
import type { Balancer } from "../../edge/balancer/balancer.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import {
  balancerOf,
  choice,
  counted,
  having,
  NO_VARIABLES,
  tries,
  type Weighted,
} from "../support/balancers.ts";
import { seededRandom } from "../support/random.ts";

type Shares = Readonly<Record<string, number>>;

export interface BalancerTraits {
  readonly fields: Partial<Upstream>;
  /** What part of the requests each host should have, where some are left out by the caller. */
  shares(nodes: readonly Weighted[], isUsable: (host: string) => boolean): Shares;
  /** When a node of weight 0 is tried, beside others: never, after them, or like them. */
  readonly zero: "never" | "last" | "like others";
  /** Whether nodes of weight 0 are tried where there are no others. */
  readonly allZero: "all" | "none";
  /** Whether a request may try an only node again and again. */
  readonly onlyNode: "again" | "once";
}

const SEEDS = [1, 2, 3];
const PICKS = 100_000;
const TOLERANCE = 0.01;
const NODES: readonly Weighted[] = [
  ["a", 3],
  ["b", 2],
  ["c", 1],
  ["d", 2],
];

/** What every balancer must do. */
export function balancerContract(name: string, traits: BalancerTraits): void {
  describe(`${name}, as a balancer,`, () => {
    sharesOut(traits);
    offersEachOnce(traits);
    goesByPriority(traits);
    knowsWeightZero(traits);
    standsOddNodes(traits);
  });
}

/** The hosts of many requests, each with a key of its own, that all are still in hand. */
function picks(balancer: Balancer, count: number, isUsable = (_host: string) => true): string[] {
  const random = seededRandom(count);
  return Array.from({ length: count }, () => {
    const node = choice(balancer, having({ arg_key: `key ${random.next()}` }), isUsable);
    if (node) balancer.begin?.(node);
    return node?.host ?? "none";
  });
}

function expectShares(hosts: readonly string[], shares: Shares): void {
  const counts = counted(hosts);
  expect(Object.keys(counts).sort()).toEqual(Object.keys(shares).sort());
  for (const [host, share] of Object.entries(shares)) {
    const difference = (counts[host] ?? 0) / hosts.length - share;
    expect(Math.abs(difference), `${host}: ${difference}`).toBeLessThan(TOLERANCE);
  }
}

function sharesOut(traits: BalancerTraits): void {
  const { fields } = traits;
  it.each(SEEDS)("shares 100,000 requests out as it should, to a hundredth (seed %i)", (seed) => {
    const everyone = () => true;
    expectShares(picks(balancerOf(NODES, fields, { seed }), PICKS), traits.shares(NODES, everyone));
  });

  it.each(SEEDS)("keeps the others' proportions where one is left out (seed %i)", (seed) => {
    const isUsable = (host: string) => host !== "b";
    const hosts = picks(balancerOf(NODES, fields, { seed }), PICKS, isUsable);
    expectShares(hosts, traits.shares(NODES, isUsable));
  });
}

function offersEachOnce({ fields }: BalancerTraits): void {
  it.each(SEEDS)("offers a request every node once, then ends (seed %i)", (seed) => {
    const balancer = balancerOf(NODES, fields, { seed });
    for (let i = 0; i < 50; i++) {
      const all = tries(balancer, 100, having({ arg_key: `${i}` }));
      expect(all.sort()).toEqual(["a", "b", "c", "d"]);
    }
  });

  it("does not mix up requests that choose at the same time", () => {
    const balancer = balancerOf(NODES, fields);
    const requests = Array.from({ length: 20 }, (_, i) =>
      balancer.candidates(having({ arg_key: `${i}` })),
    );
    const seen = requests.map(() => new Set<string>());
    for (let round = 0; round < NODES.length; round++) {
      for (const [i, request] of requests.entries()) {
        const next = request.next();
        if (!next.done) seen[i]?.add(next.value.host);
      }
    }
    expect(seen.map((hosts) => hosts.size)).toEqual(seen.map(() => NODES.length));
    expect(requests.every((request) => request.next().done)).toBe(true);
  });
}

function goesByPriority({ fields }: BalancerTraits): void {
  it("takes higher priorities first and falls back to lower ones", () => {
    const nodes: Weighted[] = [
      ["low", 9, -1],
      ["high", 1, 5],
      ["high2", 1, 5],
      ["mid", 1],
    ];
    const hosts = tries(balancerOf(nodes, fields));
    expect(hosts.slice(0, 2).sort()).toEqual(["high", "high2"]);
    expect(hosts.slice(2)).toEqual(["mid", "low"]);
    const balancer = balancerOf(nodes, fields);
    expect(new Set(picks(balancer, 100))).toEqual(new Set(["high", "high2"]));
    const isLow = (host: string) => !host.startsWith("high");
    expect(new Set(picks(balancer, 100, isLow))).toEqual(new Set(["mid"]));
  });
}

function knowsWeightZero(traits: BalancerTraits): void {
  const { fields } = traits;
  it(`tries a node of weight 0 ${traits.zero}`, () => {
    const nodes: Weighted[] = [
      ["zero", 0],
      ["a", 1],
      ["b", 1],
    ];
    for (const seed of SEEDS) {
      const hosts = tries(balancerOf(nodes, fields, { seed }));
      const beside = traits.zero === "never" ? [] : ["zero"];
      expect([...hosts].sort()).toEqual(["a", "b", ...beside]);
      if (traits.zero === "last") expect(hosts.at(-1)).toBe("zero");
    }
  });

  it(`tries ${traits.allZero} of several nodes that all have weight 0`, () => {
    const nodes: Weighted[] = [
      ["a", 0],
      ["b", 0],
    ];
    const wanted = traits.allZero === "all" ? ["a", "b"] : [];
    expect(tries(balancerOf(nodes, fields)).sort()).toEqual(wanted);
  });
}

function standsOddNodes(traits: BalancerTraits): void {
  const { fields } = traits;
  it("counts an address once, by its last entry, with the scheme's port where it has none", () => {
    const nodes: Weighted[] = [
      ["a", 1],
      ["b", 1],
      ["a", 3],
    ];
    expect(tries(balancerOf(nodes, fields)).sort()).toEqual(["a", "b"]);
    const [a, b, again] = nodes.map(([host, weight]) => ({ host, weight, priority: 0 }));
    if (!a || !b || !again) throw new Error("three nodes");
    const mixed = [{ ...a, port: 80 }, b, again];
    expect(tries(balancerOf([], { ...fields, nodes: mixed })).sort()).toEqual(["a", "b"]);
  });

  it(`offers an only node ${traits.onlyNode}, whatever its weight`, () => {
    const wanted = traits.onlyNode === "again" ? ["a", "a", "a"] : ["a"];
    expect(tries(balancerOf([["a", 0]], fields), 3)).toEqual(wanted);
    expect(tries(balancerOf([["a", 5]], fields), 3)).toEqual(wanted);
  });

  it("offers nothing where there are no nodes", () => {
    expect(balancerOf([], fields).candidates(NO_VARIABLES).next().done).toBe(true);
  });

  it("is soon done with weights far apart", () => {
    const nodes: Weighted[] = [
      ["a", 1_000_000],
      ["b", 1],
      ["c", 999_999],
    ];
    expect(tries(balancerOf(nodes, fields)).sort()).toEqual(["a", "b", "c"]);
  });
}
