import { describe, expect, it } from "vitest";
import { cookieTime, msec, timeIso8601, timeLocal } from "../../../shared/request/times.ts";

describe("a time", () => {
  it.each([
    [0, "0.000", "1970-01-01T00:00:00+00:00", "01/Jan/1970:00:00:00 +0000"],
    [
      Date.UTC(2026, 9, 3, 8, 5, 9, 7),
      "1791014709.007",
      "2026-10-03T08:05:09+00:00",
      "03/Oct/2026:08:05:09 +0000",
    ],
    [
      Date.UTC(2024, 1, 29, 23, 59, 59, 999),
      "1709251199.999",
      "2024-02-29T23:59:59+00:00",
      "29/Feb/2024:23:59:59 +0000",
    ],
  ])("of %d ms reads as nginx writes it", (now, seconds, iso, local) => {
    expect([msec(now), timeIso8601(now), timeLocal(now)]).toEqual([seconds, iso, local]);
  });

  it.each([
    [Date.UTC(2026, 10, 22, 9, 57, 31), "Sun, 22-Nov-26 09:57:31 GMT"],
    [Date.UTC(2037, 11, 31, 23, 59, 59), "Thu, 31-Dec-37 23:59:59 GMT"],
    [Date.UTC(2038, 0, 1), "Fri, 01-Jan-2038 00:00:00 GMT"],
  ])("of %d ms is that of a cookie as nginx writes it", (now, text) => {
    expect(cookieTime(now)).toBe(text);
  });
});
