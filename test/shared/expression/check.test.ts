import { expect, it } from "vitest";
import { checkExpression } from "../../../shared/expression/check.ts";
import { parseExpression } from "../../../shared/expression/parse.ts";

const problems = (expression: unknown) => checkExpression(parseExpression(expression));

it("an expression that holds nothing odd has no problem", () => {
  expect(problems([])).toEqual([]);
  expect(
    problems([
      ["arg_a", "~~", "^a"],
      ["or", ["post_arg.aa", "==", "1"], ["post_arg.items[*].k", "has", "1"]],
    ]),
  ).toEqual([]);
});

it("every problem of an expression is told by its place", () => {
  const expression = [
    ["post_arg.n", "==", "1"],
    ["or", ["arg_a", "~~", "("], ["arg_a", "!", "~*", "(?R)"]],
    ["post_arg.a[?(@.b)]", "~~", "[b-a]"],
    ["post_arg.a b", "==", null],
  ];
  expect(problems(expression).map(({ is, path }) => `${path} ${is}`)).toEqual([
    "[0][0] refused",
    "[1][1][2] matches nothing",
    "[1][2][3] unsupported",
    "[2][0] unsupported",
    "[2][2] matches nothing",
    "[3][0] refused",
  ]);
});
