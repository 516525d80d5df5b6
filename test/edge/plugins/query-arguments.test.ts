import { expect, it } from "vitest";
import { argumentValues, withoutArgument } from "../../../edge/plugins/query-arguments.ts";

it.each<[string, readonly (string | true)[]]>([
  ["k=1", ["1"]],
  ["a=1&k=1&k=2", ["1", "2"]],
  ["%6b=%31+", ["1 "]],
  ["k&k=", [true, ""]],
  ["kk=1&K=1", []],
  ["", []],
])("the values of k in %j are %j", (args, values) => {
  expect(argumentValues(args, "k")).toEqual(values);
});

it.each([
  ["k=1", ""],
  ["x=1&k=2&y=%20z", "x=1&y=%20z"],
  ["a+b=%2f*'&k&c=é%ff&d", "a%20b=%2F%2A%27&c=%C3%A9%FF&d"],
])("%j without k is %j", (args, rest) => {
  expect(withoutArgument(args, "k")).toBe(rest);
});
