import { expect, it } from "vitest";
import { decodeBase64, decodeBase64Url, encodeBase64 } from "../../../edge/plugins/base64.ts";

it.each<[string, readonly number[] | undefined]>([
  ["AQID", [1, 2, 3]],
  ["AQI=", [1, 2]],
  ["AQI", [1, 2]],
  ["AQ", [1]],
  ["", []],
  ["AQI=more", [1, 2]],
  ["+/8=", [251, 255]],
  ["A", undefined],
  ["-_8=", undefined],
  ["AQ ID", undefined],
])("%j in base64 is %j, as OpenResty reads it", (text, bytes) => {
  expect(decodeBase64(text)).toEqual(bytes && Uint8Array.from(bytes));
});

it("knows the alphabet for URLs from the other", () => {
  expect(decodeBase64Url("-_8")).toEqual(Uint8Array.from([251, 255]));
  expect(decodeBase64Url("+/8")).toBeUndefined();
  expect(encodeBase64(Uint8Array.from([251, 255]))).toBe("+/8=");
});
