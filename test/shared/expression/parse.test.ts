import { describe, expect, it } from "vitest";
import { ExpressionError, parseExpression } from "../../../shared/expression/parse.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";

const ok = ["arg_a", "==", "1"];

describe("a value that is no expression", () => {
  it.each<[unknown, path: string, found: string, wanted: RegExp]>([
    ["x", "", '"x"', /^a list$/],
    [null, "", "null", /^a list$/],
    [undefined, "", "nothing", /^a list$/],
    [{}, "", "an object", /^a list$/],
    [["arg_a", "==", "1"], "[0]", '"arg_a"', /brackets of its own/],
    [[5], "[0]", "5", /brackets of its own/],
    [["NOT", ok, ok], "[0]", '"NOT"', /AND, OR, !AND, !OR/],
    [["AND"], "", "AND with 0 of them", /two rules/],
    [["OR", ok], "", "OR with 1 of them", /two rules/],
    [["AND", ok, ["or", ok]], "[2]", "or with 1 of them", /two rules/],
    [[[]], "[0]", "an empty list", /a rule/],
    [[ok, []], "[1]", "an empty list", /a rule/],
    [["AND", ok, []], "[2]", "an empty list", /a rule/],
    [[ok, "x"], "[1]", '"x"', /a rule in brackets/],
    [["AND", ok, true], "[2]", "true", /a rule in brackets/],
    [[["arg_a"]], "[0]", "a variable alone", /operator/],
    [[["arg_a", "?", "==", "1"]], "[0][1]", '"?"', /! before/],
    [[["arg_a", "=", "1"]], "[0][1]", '"="', /one of ==, ~=/],
    [[["arg_a", "!", "1"]], "[0][1]", '"!"', /one of ==/],
    [[["a", "!", "xx", "1"]], "[0][2]", '"xx"', /one of ==/],
    [[["a", 5, "1"]], "[0][1]", "5", /one of ==/],
    [[["a", true]], "[0][1]", "true", /a text or number/],
    [[["a", null]], "[0][1]", "null", /a text or number/],
    [[["a", ["b"]]], "[0][1]", "a list", /a text or number/],
    [[[5, "==", 5]], "[0][0]", "5", /name of a variable/],
    [[[null, "==", 5]], "[0][0]", "null", /name of a variable/],
    [[["a", "~~", {}]], "[0][2]", "an object", /regular expression/],
    [[["a", "~*", ["x"]]], "[0][2]", "a list", /regular expression/],
    [[["a", "ipmatch", "10.0.0"]], "[0][2]", '"10.0.0"', /an address/],
    [[["a", "!", "ipmatch", "10.0.0"]], "[0][3]", '"10.0.0"', /an address/],
    [[["a", "ipmatch", ["::1", "::/129"]]], "[0][2][1]", '"::/129"', /an address/],
    [[["a", "ipmatch", ["::1", 5]]], "[0][2][1]", "5", /an address/],
    [[["a", "ipmatch", []]], "[0][2]", "an empty list", /an address/],
    [[["a", "ipmatch", null]], "[0][2]", "null", /an address/],
    [[["and", "==", "x"]], "[0][1]", '"=="', /a rule in brackets/],
    [["AND", ok, ["!or", ok, [ok, ["a", "x", 1]]]], "[2][2][1][1]", '"x"', /one of/],
  ])("%j is told by its place", (value, path, found, wanted) => {
    const error = refusal(value);
    expect(error).toMatchObject({ path, found });
    expect(error.wanted).toMatch(wanted);
    expect(error.message).toContain(found);
  });

  it("is told in a few characters, however long it is", () => {
    expect(refusal("x".repeat(10_000)).message.length).toBeLessThan(150);
  });

  it("may be nested without end", () => {
    let value: unknown = ok;
    for (let i = 0; i < 50_000; i++) value = [value];
    expect(refusal(value).wanted).toBe("at most 1000 levels");
  });
});

it("an expression keeps nothing of the value that it was parsed from", () => {
  const value: unknown[] = [];
  const expression = parseExpression(value);
  value.push("x");
  expect(expression).toEqual({ is: "always" });
});

it("random values are parsed or refused by name", () => {
  const random = seededRandom(runSeed());
  let parsed = 0;
  for (let i = 0; i < 50_000; i++) {
    const value = randomValue(random, 4);
    try {
      parseExpression(value);
      parsed++;
    } catch (error) {
      if (error instanceof ExpressionError) continue;
      throw new Error(`${JSON.stringify(value)}, seed ${random.seed}`, { cause: error });
    }
  }
  expect(parsed, `seed ${random.seed}`).toBeGreaterThan(500);
});

function refusal(value: unknown): ExpressionError {
  try {
    parseExpression(value);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(value)} was taken`);
}

const WORDS = "AND or !AND !or ! == ~= > ~~ ~* in has ipmatch arg_a 10.0.0.0/8 ( ^a x".split(" ");

function randomValue(random: Random, depth: number): unknown {
  if (depth > 0 && random.chance(depth === 4 ? 0.98 : 0.5)) {
    return Array.from({ length: random.below(5) }, () => randomValue(random, depth - 1));
  }
  if (random.chance(0.8)) return random.pick(WORDS);
  return random.pick([5, 1.5, true, false, null, {}, "", undefined, Number.NaN, [[]]]);
}
