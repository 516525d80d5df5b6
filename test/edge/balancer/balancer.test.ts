import { describe, expect, it } from "vitest";
import { createRoundRobin } from "../../../edge/balancer/round-robin.ts";
import { GatewayError } from "../../../edge/errors.ts";
import {
  balancerOf,
  choice,
  counted,
  firsts,
  NO_VARIABLES,
  tries,
  type Weighted,
} from "../../support/balancers.ts";
import { seededRandom } from "../../support/random.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const rotation = (seed: number, ...nodes: Weighted[]) => balancerOf(nodes, {}, { seed });

describe("round-robin", () => {
  it.each(SEEDS)("has exact proportions in any run of a cycle's length (seed %i)", (seed) => {
    const cycle = (length: number, ...nodes: Weighted[]) =>
      counted(firsts(rotation(seed, ...nodes), length));
    expect(cycle(7, ["a", 5], ["b", 1], ["c", 1])).toEqual({ a: 5, b: 1, c: 1 });
    expect(cycle(3, ["a", 20], ["b", 10])).toEqual({ a: 2, b: 1 });
    expect(cycle(9, ["a", 1], ["b", 1], ["c", 1])).toEqual({ a: 3, b: 3, c: 3 });
  });

  it("goes in LVS's order: the heavy node alone first, the light ones in the last round", () => {
    const cycle = firsts(rotation(1, ["a", 5], ["b", 1], ["c", 1]), 14).join("");
    expect("aaaaabcaaaaabcaaaaabc").toContain(cycle);
  });

  it("begins at any draw of the cycle, so that new isolates spread as the weights say", () => {
    const begins = Array.from(
      { length: 4000 },
      (_, seed) => firsts(rotation(seed, ["a", 3], ["b", 1]), 1)[0] ?? "none",
    );
    const share = (counted(begins).a ?? 0) / begins.length;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(0.8);
  });

  it("counts an address by its last entry", () => {
    const doubled = rotation(1, ["a", 1], ["b", 1], ["a", 3]);
    expect(counted(firsts(doubled, 8))).toEqual({ a: 6, b: 2 });
    expect(tries(rotation(1, ["a", 1], ["a", 0]))).toEqual(["a"]);
  });

  it("keeps its place in the rotation from one request to the next, retries included", () => {
    const balancer = rotation(1, ["a", 1], ["b", 1], ["c", 1]);
    const first = balancer.candidates(NO_VARIABLES);
    const one = first.next().value?.host;
    const two = first.next().value?.host;
    const three = balancer.candidates(NO_VARIABLES).next().value?.host;
    expect(new Set([one, two, three]).size).toBe(3);
  });

  it("is over anything with a weight", () => {
    const items = [
      { weight: 2, name: "old" },
      { weight: 1, name: "new" },
    ];
    const { untried } = createRoundRobin(items, seededRandom(1).next);
    const names = Array.from({ length: 6 }, () => untried().next().value?.name ?? "none");
    expect(counted(names)).toEqual({ old: 4, new: 2 });
  });
});

describe("a balancer that is not known", () => {
  const type = "constructor";

  it("answers 500 where there is something to choose", () => {
    const balancer = balancerOf(
      [
        ["a", 1],
        ["b", 1],
      ],
      { type },
    );
    const refusal = (() => {
      try {
        return choice(balancer);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(GatewayError);
    expect(refusal).toMatchObject({ status: 500, errorMsg: undefined });
  });

  it("is not missed where there is but one node", () => {
    expect(tries(balancerOf([["a", 1]], { type }), 2)).toEqual(["a", "a"]);
  });
});
