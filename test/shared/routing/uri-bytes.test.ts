import { expect, it } from "vitest";
import { decodeUri, encodeUri, MAX_BYTES_PER_UNIT } from "../../../shared/routing/uri-bytes.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

const encode = (text: string) => {
  const bytes = new Uint8Array(text.length * MAX_BYTES_PER_UNIT);
  return bytes.subarray(0, encodeUri(text, bytes));
};
const decode = (bytes: Uint8Array) => decodeUri(bytes, 0, bytes.length);

it("text has the bytes that TextEncoder gives it", () => {
  for (const text of ["", "/plain", "/café", "/Ā߿ࠀ￿", "/🚪\u{10ffff}", "/\ud800x", "/x\udc00"]) {
    expect([...encode(text)], text).toEqual([...new TextEncoder().encode(text)]);
  }
});

it("any bytes come back from their string, and UTF-8 reads as TextDecoder reads it", () => {
  const random = seededRandom(runSeed());
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let round = 0; round < 5_000; round++) {
    const bytes = Uint8Array.from({ length: random.below(12) }, () =>
      random.chance(0.3) ? random.below(128) : 128 + random.below(128),
    );
    const text = decode(bytes);
    expect([...encode(text)], `seed ${random.seed}`).toEqual([...bytes]);
    let expected: string | undefined;
    try {
      expected = strict.decode(bytes);
    } catch {
      expected = undefined;
    }
    const isStrict = !/[\udc80-\udcff]/u.test(text);
    expect(isStrict ? text : undefined, `seed ${random.seed}, ${[...bytes]}`).toBe(expected);
  }
});

it("a long path is decoded whole", () => {
  const text = "/ä".repeat(20_000);
  expect(decode(encode(text))).toBe(text);
});
