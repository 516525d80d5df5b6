import { expect, it } from "vitest";
import { timingSafeEqual } from "../../../edge/plugins/timing-safe-equal.ts";

it.each([
  ["abc", "abc", true],
  ["", "", true],
  ["é☃", "é☃", true],
  ["abd", "abc", false],
  ["ab", "abc", false],
  ["abc", "ab", false],
  // One period more of the same text.
  ["abab", "ab", false],
  ["", "abc", false],
  ["abc", "", false],
  ["\0", "", false],
  ["\udcff", "\ufffd", false],
])("%j is %j: %s", (given, secret, wanted) => {
  expect(timingSafeEqual(given, secret)).toBe(wanted);
});
