import { expect, it } from "vitest";
import { decodeKey, encodeKey, keyAfter, keysUnder } from "../../../exporter/etcd/key-bytes.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

it("a key in UTF-8 reads as itself", () => {
  for (const key of ["/apisix/routes/1", "/apisix/routes/名字", "/😀", "/\uFFFD", ""]) {
    expect(decodeKey(Buffer.from(key))).toBe(key);
    expect(encodeKey(key)).toEqual(Buffer.from(key));
  }
});

it("every key goes back to its own bytes, and no two read the same", () => {
  const random = seededRandom(runSeed());
  console.log(`seed ${random.seed}`);
  const seen = new Map<string, string>();
  // Bytes that begin, continue and break UTF-8 characters, more often than chance would have them.
  const bytes = [
    0x00, 0x2f, 0x7f, 0x80, 0xbf, 0xc2, 0xc3, 0xe2, 0xed, 0xa0, 0xef, 0xf0, 0x9f, 0xff,
  ];
  for (let i = 0; i < 20_000; i++) {
    const raw = Buffer.from(Array.from({ length: random.below(6) }, () => random.pick(bytes)));
    const key = decodeKey(raw);
    expect(encodeKey(key).toString("hex")).toBe(raw.toString("hex"));
    const other = seen.get(key) ?? raw.toString("hex");
    expect(raw.toString("hex")).toBe(other);
    seen.set(key, raw.toString("hex"));
  }
});

it("the keys under a prefix end before the first key that sorts after them all", () => {
  expect(keysUnder("/apisix/")).toEqual({ key: "/apisix/", end: "/apisix0" });
  expect(encodeKey(keysUnder("/a\x7f").end)).toEqual(Buffer.from([0x2f, 0x61, 0x80]));
  const last = decodeKey(Buffer.from([0x61, 0xff]));
  expect(keysUnder(last)).toEqual({ key: last, end: "b" });
});

it("the empty prefix, and one of the last bytes only, have no end", () => {
  expect(keysUnder("")).toEqual({ key: "\0", end: "\0" });
  const last = decodeKey(Buffer.from([0xff, 0xff]));
  expect(keysUnder(last)).toEqual({ key: last, end: "\0" });
});

it("no key lies between a key and the one after it", () => {
  expect(encodeKey(keyAfter("/a"))).toEqual(Buffer.from([0x2f, 0x61, 0x00]));
});
