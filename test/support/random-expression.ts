import type { JsonValue } from "../../shared/expression/variables.ts";
import type { Random } from "./random.ts";

/** The variables that random expressions ask for, with what they may hold. */
const VALUES: Readonly<Record<string, readonly JsonValue[]>> = {
  arg_a: ["1", "01", "1.0", " 1 ", "1e0", "0x1", "abc", "ABC", "", "-5", true],
  arg_b: ["9", "10", "100", "x", "inf"],
  http_x_a: ["abc", "a.c", "axc", "10.0.0.1", "::1", "fe80::5", "1"],
  cookie_c: ["1", "abc", "a b"],
  uri: ["/a", "/é"],
  "post_arg.num": [1, 1.5, "1", true, [1, "1"], [], { k: "v" }],
  graphql_root_fields: [["owner", "repo"], ["owner"], []],
};

const NAMES = [...Object.keys(VALUES), "arg_missing"];
const SCALARS = ["1", "abc", "", "ABC", "a.c", "9", 1, 5, -5, 1.5, true, false, null] as const;
const PATTERNS = ["^a", "c$", "a.c", "b", "^$", "[0-9]+", "^(abc|1)$", "("];
const RANGES = ["10.0.0.0/8", "10.0.0.1", "::1", "fe80::/10", "[::1]", "0.0.0.0/0"];

/** A valid expression; regular expressions are of the simplest kind. */
export function randomExpression(random: Random): unknown[] {
  if (random.chance(0.05)) return [];
  if (random.chance(0.4)) return randomLogic(random, 2);
  return Array.from({ length: 1 + random.below(3) }, () => randomRule(random, 2));
}

/** Some of the variables, each with one of its values. */
export function randomVariables(random: Random): Record<string, JsonValue> {
  const values: Record<string, JsonValue> = {};
  for (const [name, choices] of Object.entries(VALUES)) {
    if (random.chance(0.7)) values[name] = random.pick(choices);
  }
  return values;
}

function randomRule(random: Random, depth: number): unknown[] {
  if (depth === 0 || random.chance(0.7)) return randomComparison(random);
  if (random.chance(0.7)) return randomLogic(random, depth - 1);
  return [randomRule(random, depth - 1), randomRule(random, depth - 1)];
}

function randomLogic(random: Random, depth: number): unknown[] {
  const rules = Array.from({ length: 2 + random.below(2) }, () => randomRule(random, depth));
  return [random.pick(["AND", "OR", "!AND", "!OR", "and", "!or"]), ...rules];
}

function randomComparison(random: Random): unknown[] {
  const name = random.pick(NAMES);
  if (random.chance(0.1)) return [name, random.pick(["abc", "ABC", "1", 1])];
  const [operator, value] = randomOperator(random, name);
  const written = random.chance(0.2) ? operator.toUpperCase() : operator;
  return random.chance(0.2) ? [name, "!", written, value] : [name, written, value];
}

function randomOperator(random: Random, name: string): [operator: string, value: unknown] {
  const operator = random.pick("== ~= > >= < <= ~~ ~* in has ipmatch".split(" "));
  if (operator === "~~" || operator === "~*") return [operator, random.pick(PATTERNS)];
  if (operator === "in") return [operator, [random.pick(SCALARS), random.pick(SCALARS)]];
  if (operator === "has") return [operator, random.pick(["owner", "repo", 1, "1"])];
  // On a boolean or a list APISIX answers 500; that is no match and no miss.
  if (operator === "ipmatch" && !["arg_a", "post_arg.num", "graphql_root_fields"].includes(name)) {
    return [operator, random.chance(0.5) ? random.pick(RANGES) : [random.pick(RANGES), "::/0"]];
  }
  return random.chance(0.5) ? ["==", random.pick(SCALARS)] : [">=", random.pick(SCALARS)];
}
