import { isIPv4, isIPv6 } from "node:net";
import { describe, expect, it } from "vitest";
import { IpRangeError, isIpAddress, parseIpRanges } from "../../../shared/routing/ip-ranges.ts";
import { addressAccepted } from "../../support/naive-address.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";

const has = (ranges: readonly string[], address: string) => parseIpRanges(ranges).has(address);

describe("a set of addresses", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["10.1.2.3/8", "10.255.255.255"],
    ["0.0.0.0/0", "255.255.255.255"],
    ["255.255.255.255/32", "255.255.255.255"],
    ["127.0.0.2/31", "127.0.0.3"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["[::1]", "::1"],
    ["::1", "[::1]"],
    ["[fe80::]/10", "febf::ffff"],
    ["2001:DB8::/33", "2001:db8:7fff::1"],
    ["::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["1::", "1:0:0:0:0:0:0:0"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ])("%s has %s", (range, address) => {
    expect(has([range], address)).toBe(true);
  });

  it.each([
    ["10.0.0.1", "10.0.0.2"],
    ["10.0.0.0/8", "11.0.0.0"],
    ["127.0.0.2/31", "127.0.0.4"],
    ["0.0.0.0/0", "::1"],
    ["::/0", "1.2.3.4"],
    ["10.0.0.1", "::ffff:10.0.0.1"],
    ["fe80::/10", "fec0::"],
    ["0.0.0.0/0", "nobody"],
    ["0.0.0.0/0", ""],
    ["0.0.0.0/0", "1.2.3.4 "],
    ["0.0.0.0/0", "1.2.3"],
    ["::/0", "1:2:3"],
  ])("%s has not %s", (range, address) => {
    expect(has([range], address)).toBe(false);
  });

  it("is empty of what nobody listed", () => {
    expect(has([], "10.0.0.1")).toBe(false);
  });

  it("may be listed in any order, with ranges inside one another", () => {
    const ranges = parseIpRanges(["10.9.0.0/16", "::1", "10.0.0.0/8", "9.0.0.1", "10.9.9.9"]);
    for (const address of ["10.0.0.0", "10.9.9.8", "10.255.0.1", "9.0.0.1", "::1"]) {
      expect(ranges.has(address), address).toBe(true);
    }
    for (const address of ["9.0.0.2", "11.0.0.0", "::2"]) {
      expect(ranges.has(address), address).toBe(false);
    }
  });

  it.each([
    ["", "10.0.0", "10.0.0.256", "010.0.0.1", "1.2.3.4.5", "1..2.3", "a.b.c.d", "+1.2.3.4"],
    [":", ":::", "1::2::3", "12345::", "::g", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::"],
    ["::1%eth0", "::1.2.3", "1.2.3.4::", "[::1", "::1]", "[1.2.3.4]"],
    ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "/8", "::/1e1"],
  ])("names the entry that is none: %s …", (...entries) => {
    for (const entry of entries) {
      expect(() => parseIpRanges(["10.0.0.1", entry]), entry).toThrow(new IpRangeError(entry));
    }
  });
});

it("random ranges have what a comparison bit by bit finds in them", () => {
  const random = seededRandom(runSeed());
  for (let i = 0; i < 3000; i++) {
    const ranges = Array.from({ length: 1 + random.below(6) }, () => randomRange(random));
    const address = randomAddress(random);
    const story = `${address} in ${ranges}, seed ${random.seed}`;
    expect(has(ranges, address), story).toBe(addressAccepted(ranges, address));
  }
});

it("random texts are addresses where Node says so", () => {
  const random = seededRandom(runSeed());
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: random.below(12) }, () => random.pick([..."01af2:::.5"]));
    const address = text.join("");
    const known = isIPv4(address) || isIPv6(address);
    expect(isIpAddress(address), `${address}, seed ${random.seed}`).toBe(known);
  }
});

function randomAddress(random: Random): string {
  const part = () => random.pick([0, 1, 2, 127, 128, 255]);
  if (random.chance(0.5)) return [part(), part(), part(), part()].join(".");
  const groups = Array.from({ length: 1 + random.below(6) }, () => part().toString(16));
  return random.chance(0.5) ? `${groups.join(":")}::` : `::${groups.join(":")}`;
}

function randomRange(random: Random): string {
  const address = randomAddress(random);
  if (random.chance(0.3)) return address;
  return `${address}/${random.below(address.includes(":") ? 129 : 33)}`;
}

it.each([
  [["10.0.0.0/8"], ["10.1.0.0/16", "10.2.3.4"], true],
  [["10.0.0.0/8", "::/0"], ["10.1.0.0/16", "2001:db8::1"], true],
  [["10.0.0.1"], ["10.0.0.0/31"], false],
  [["10.0.0.0/8"], ["10.0.0.1", "11.0.0.1"], false],
  [["0.0.0.0/0"], ["::1"], false],
  [["10.0.0.1"], [], true],
])("a set of %j covers one of %j: %j", (set, other, covers) => {
  expect(parseIpRanges(set).covers(parseIpRanges(other))).toBe(covers);
});
