import { expect, it } from "vitest";
import { numberText, toNumber } from "../../../shared/expression/lua-number.ts";

it.each([
  ["1", 1],
  ["-1.5e3", -1500],
  ["  7\n", 7],
  ["5.", 5],
  [".5", 0.5],
  ["0x10", 16],
  ["-0x.8p2", -2],
  ["0b11", 3],
  ["inf", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["NaN", Number.NaN],
])("%j is the number %d", (text, number) => {
  expect(toNumber(text)).toBe(number);
});

it.each(["", " ", "1x", "1 2", "0x", "0xg", "0b2", "1e", "infinit", "1_000", "\u00a01", "٣"])(
  "%j is no number",
  (text) => {
    expect(toNumber(text)).toBeUndefined();
  },
);

it.each([
  [0, "0"],
  [-0, "-0"],
  [5, "5"],
  [1.5, "1.5"],
  [0.1, "0.1"],
  [1 / 3, "0.33333333333333"],
  [1e14, "1e+14"],
  [123456789012346, "1.2345678901235e+14"],
  [99999999999999, "99999999999999"],
  [1e-4, "0.0001"],
  [1e-5, "1e-05"],
  [1.5e-7, "1.5e-07"],
  [1e100, "1e+100"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NEGATIVE_INFINITY, "-inf"],
  [Number.NaN, "nan"],
])("%d is written %s", (number, text) => {
  expect(numberText(number)).toBe(text);
});
