import { describe, expect, it } from "vitest";
import { ExpressionFault, evaluate } from "../../../shared/expression/evaluate.ts";
import { parseExpression } from "../../../shared/expression/parse.ts";
import {
  BodyNeeded,
  type JsonValue,
  type Variables,
} from "../../../shared/expression/variables.ts";
import { naiveHolds } from "../../support/naive-expression.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { randomExpression, randomVariables } from "../../support/random-expression.ts";

const NIL = undefined;
type Found = JsonValue | undefined;

const variables = (values: Readonly<Record<string, Found>>): Variables => ({
  get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
});

const holds = (expression: unknown, values: Readonly<Record<string, Found>>) =>
  evaluate(parseExpression(expression), variables(values));

/** A comparison without its variable, what the variable may hold so that it is true, and what not. */
const TABLE: readonly (readonly [unknown[], is: readonly Found[], isNot: readonly Found[]])[] = [
  [["==", "abc"], ["abc"], ["ABC", "abc ", "", true, NIL, null, ["abc"], 5]],
  [["==", "1"], ["1"], ["01", "1.0", 1, true, NIL]],
  [["==", ""], [""], [NIL, true, " "]],
  [
    ["==", 1],
    ["1", 1, " 1 ", "\t1\n", "01", "1.0", "1.", "1e0", "0x1", "+1", "0x.8p1"],
    ["1_0", "1x"],
  ],
  [["==", 1], [], ["", " ", "one", true, NIL, null, [1], "1\u00a0", "0x", "1e", ".", "--1", "1 1"]],
  [
    ["==", 0],
    ["0", "-0", "0x0", "0b0", "0e9"],
    ["", NIL, false, "0 0"],
  ],
  [
    ["==", 5],
    ["0b101", "0X5", "5e0", "50e-1"],
    ["0b12", "0b", "0o5"],
  ],
  [
    ["==", -1.5],
    ["-1.5", -1.5, "-15e-1", "-0x1.8"],
    ["1.5", "- 1.5"],
  ],
  [["==", true], [true], ["true", 1, NIL, false]],
  [["==", false], [false], ["false", NIL, null, 0]],
  [["==", null], [NIL], ["", "null", false, 0, null]],
  [["==", ["a"]], [], [["a"], "a", NIL]],
  [["==", { a: 1 }], [], [{ a: 1 }, NIL]],
  [["~=", "abc"], ["ABC", NIL, true, 5, ["abc"], null], ["abc"]],
  [
    ["~=", 1],
    ["2", "one", "", NIL, true, ["1"], "nan"],
    ["1", "01", 1],
  ],
  [["~=", null], ["", "null", false], [NIL]],
  [["~=", ["a"]], [["a"], NIL, "a"], []],
  [
    [">", 9],
    ["10", "9.5", 10, "0xa", "inf"],
    ["9", "8", "a", "", NIL, true, "nan", ["10"]],
  ],
  [[">", "9"], ["10"], ["9", "8", "a"]],
  [[">", "b"], [], ["c", "1", NIL]],
  [[">", null], [], ["1", NIL]],
  [
    [">=", 9],
    ["9", "9.0", "10"],
    ["8.99", "nine"],
  ],
  [
    ["<", 9],
    ["8", "-inf", "-Infinity"],
    ["9", "10", "abc", NIL],
  ],
  [
    ["<=", "9"],
    ["9", "8"],
    ["9.01", ""],
  ],
  [
    ["~~", "^a[0-9]+$"],
    ["a1", "a12\n"],
    ["ba1", "A1", "a", NIL, true],
  ],
  [["~~", "b"], ["abc"], ["ac", "B"]],
  [["~~", "a.c"], ["abc", "xa-cx"], ["a\nc"]],
  [["~~", "("], [], ["(", "", NIL]],
  [["~~", "^true$"], [true, "true"], [false]],
  [["~~", "^1.5$"], [1.5, "1.5", "1x5"], [15]],
  [["~~", "^1e\\+20$"], [1e20], ["1e20"]],
  [
    ["~~", "^$"],
    ["", "\n"],
    [NIL, "x", []],
  ],
  [["~~", 5], ["5", "15", 5], ["6"]],
  [
    ["~~", "^..$"],
    ["ab", "é"],
    ["éé", "a", "日"],
  ],
  [["~~", "^[é]"], ["é", "è"], ["e"]],
  [
    ["~*", "^abc$"],
    ["ABC", "abc", "aBc"],
    ["abcd", NIL],
  ],
  [["~*", "é"], ["xé"], ["É"]],
  [
    ["in", ["a", "b"]],
    ["a", "b"],
    ["c", "A", NIL, ["a"], true],
  ],
  [["in", [1, 2]], [1], ["1", "2", NIL]],
  [["in", ["1"]], ["1"], [1, "01"]],
  [["in", [true]], [true], ["true", NIL]],
  [["in", [null]], [], [NIL, null, "null"]],
  [["in", "abc"], [], ["a", "abc"]],
  [["in", []], [], ["a", NIL]],
  [
    ["has", "a"],
    [["a"], ["b", "a"]],
    [["b"], [], "a", "abc", NIL, { a: 1 }],
  ],
  [["has", 1], [[1]], [["1"], 1]],
  [["has", null], [], [[null], NIL, []]],
  [["ipmatch", "10.0.0.0/8"], ["10.1.2.3"], ["11.0.0.1", "10.1.2", "", NIL, "::ffff:10.0.0.1"]],
  [
    ["ipmatch", ["::1", "10.0.0.1"]],
    ["::1", "10.0.0.1", "0:0::1", "[::1]"],
    ["::2", "10.0.0.2"],
  ],
  [["ipmatch", "[fe80::]/10"], ["fe80::5"], ["::1"]],
];

describe.each(TABLE)("a variable %j", (comparison, is, isNot) => {
  const rule = [["v", ...comparison]];
  const negated = [["v", "!", ...comparison]];

  it.each(is.map((found) => ({ found })))("is true of $found", ({ found }) => {
    expect(holds(rule, { v: found })).toBe(true);
    expect(holds(negated, { v: found })).toBe(false);
  });

  it.each(isNot.map((found) => ({ found })))("is false of $found", ({ found }) => {
    expect(holds(rule, { v: found })).toBe(false);
    expect(holds(negated, { v: found })).toBe(true);
  });
});

describe("a comparison", () => {
  it("of two elements compares with the second as a text in lower case", () => {
    expect(holds([["v", "VALUE"]], { v: "value" })).toBe(true);
    expect(holds([["v", "VALUE"]], { v: "VALUE" })).toBe(false);
    expect(holds([["v", 5]], { v: "5" })).toBe(true);
    expect(holds([["v", 5]], { v: "5.0" })).toBe(false);
    expect(holds([["v", 1e15]], { v: "1e+15" })).toBe(true);
    // Only ASCII has a case in Lua.
    expect(holds([["v", "É"]], { v: "É" })).toBe(true);
  });

  it("may write its operator in any case", () => {
    expect(holds([["v", "IN", ["a"]]], { v: "a" })).toBe(true);
    expect(holds([["v", "!", "IpMatch", "::1"]], { v: "a" })).toBe(true);
  });

  it("of five elements and more is that of the first three", () => {
    expect(holds([["v", "==", "a", "!", "b"]], { v: "a" })).toBe(true);
  });

  it("fails where APISIX answers 500", () => {
    expect(() => holds([["v", "~~", null]], { v: "a" })).toThrow(ExpressionFault);
    expect(() => holds([["v", "~*", null]], { v: "a" })).toThrow("[0]: null");
    expect(holds([["v", "~~", null]], {})).toBe(false);
    for (const v of [true, 5, ["::1"], null, {}]) {
      expect(() => holds([["v", "ipmatch", "::1"]], { v }), String(v)).toThrow(ExpressionFault);
    }
    expect(holds([["v", "ipmatch", "::1"]], { v: false })).toBe(false);
  });

  it("fails on a pattern that only PCRE can honour, and names its place", () => {
    expect(() =>
      holds(
        [
          ["a", "==", "1"],
          ["v", "~~", "a(?R)?b"],
        ],
        { a: "1", v: "ab" },
      ),
    ).toThrow("[1]: the regular expression has (?R) (recursion) at 1");
  });
});

describe("logic", () => {
  const yes = ["yes", "==", "1"];
  const no = ["no", "==", "1"];
  const values = { yes: "1" };

  it.each([
    [[], true],
    [[yes], true],
    [[no], false],
    [[yes, yes, yes], true],
    [[yes, yes, no], false],
    [["AND", yes, yes], true],
    [["and", yes, no], false],
    [["OR", no, yes], true],
    [["or", no, no], false],
    [["!AND", yes, yes], false],
    [["!and", yes, no], true],
    [["!OR", no, no], true],
    [["!Or", no, yes], false],
    [
      [
        [yes, yes],
        ["OR", no, yes],
      ],
      true,
    ],
    [["OR", [yes, no], ["!OR", no, [no, yes]]], true],
    [[[[[yes]]], ["AND", [yes], [[yes]]]], true],
  ])("%j is %s", (expression, expected) => {
    expect(holds(expression, values)).toBe(expected);
  });

  it("asks for no variable that cannot change the outcome", () => {
    const asking: Variables = {
      get: (name) => {
        if (name === "body") throw new BodyNeeded();
        return name;
      },
    };
    const evaluated = (expression: unknown) => evaluate(parseExpression(expression), asking);
    expect(
      evaluated([
        ["a", "==", "no"],
        ["body", "==", "x"],
      ]),
    ).toBe(false);
    expect(evaluated(["OR", ["a", "==", "a"], ["body", "==", "x"]])).toBe(true);
    expect(() =>
      evaluated([
        ["a", "==", "a"],
        ["body", "==", "x"],
      ]),
    ).toThrow(BodyNeeded);
  });
});

it("random expressions hold where the plainest reading of the reference says so", () => {
  const random = seededRandom(runSeed());
  let held = 0;
  for (let i = 0; i < 20_000; i++) {
    const expression = randomExpression(random);
    const values = randomVariables(random);
    const story = `${JSON.stringify({ expression, values })}, seed ${random.seed}`;
    const expected = naiveHolds(expression, variables(values).get);
    expect(holds(expression, values), story).toBe(expected);
    if (expected) held++;
  }
  expect(held, `seed ${random.seed}`).toBeGreaterThan(2000);
});
