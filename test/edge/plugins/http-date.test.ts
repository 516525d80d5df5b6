import { expect, it } from "vitest";
import { parseHttpDate } from "../../../edge/plugins/http-date.ts";

const MOMENT = Date.UTC(2026, 0, 22, 10, 0, 5);

it.each<[string, number | undefined]>([
  ["Thu, 22 Jan 2026 10:00:05 GMT", MOMENT],
  ["Thursday, 22-Jan-26 10:00:05 GMT", MOMENT],
  ["Thu Jan 22 10:00:05 2026", MOMENT],
  ["Thu Jan  1 00:00:00 1970", 0],
  ["Thursday, 01-Jan-70 00:00:00 GMT", 0],
  ["Thu, 22 Jan 2026 10:00:05 +0100", undefined],
  ["Thu, 22 Jan 2026 10:00:05 GMT, Thu, 22 Jan 2026 10:00:05 GMT", undefined],
  ["Thu, 31 Jun 2026 10:00:05 GMT", undefined],
  ["Thu, 22 Foo 2026 10:00:05 GMT", undefined],
  ["Thu, 22 Jan 2026 24:00:05 GMT", undefined],
  ["2026-01-22T10:00:05Z", undefined],
  ["1769076005", undefined],
  ["", undefined],
])("%j is %j", (text, moment) => {
  expect(parseHttpDate(text)).toBe(moment);
});
