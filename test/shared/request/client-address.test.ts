import { describe, expect, it } from "vitest";
import { clientAddress, realAddress } from "../../../shared/request/client-address.ts";
import { parseIpRanges } from "../../../shared/routing/ip-ranges.ts";

describe("the client's address", () => {
  it("is the header's whole value where no proxy is named", () => {
    expect(clientAddress("2001:db8::7", undefined)).toBe("2001:db8::7");
  });

  it("is nobody's where there is no header", () => {
    expect(clientAddress(null, undefined)).toBe("0.0.0.0");
    expect(clientAddress(null, parseIpRanges(["10.0.0.0/8"]))).toBe("0.0.0.0");
  });
});

describe("behind trusted proxies, the client's address", () => {
  const trusted = parseIpRanges(["10.0.0.0/8", "2001:db8:ffff::/48"]);

  it.each([
    ["of one that is no proxy", "192.0.2.1", "192.0.2.1"],
    ["before the nearest proxy", "192.0.2.1, 10.0.0.1", "192.0.2.1"],
    ["before all proxies", "192.0.2.1, 10.0.0.1, 10.0.0.2,10.0.0.3", "192.0.2.1"],
    ["not what the client claims to have come from", "6.6.6.6, 192.0.2.1, 10.0.0.1", "192.0.2.1"],
    ["before a proxy with an IPv6 address", "192.0.2.1, 2001:db8:ffff::1", "192.0.2.1"],
    ["without its port", "192.0.2.1:4711, 10.0.0.1:80", "192.0.2.1"],
    ["without its brackets", "[2001:db8::1], [2001:db8:ffff::1]:443", "2001:db8::1"],
    ["with the space around it away", "  192.0.2.1 ,  10.0.0.1  ", "192.0.2.1"],
    ["the first one where all are proxies", "10.0.0.9, 10.0.0.1", "10.0.0.9"],
    ["the last that can be read", "192.0.2.1, unknown, 10.0.0.1", "10.0.0.1"],
    [
      "the last that can be read, not what is before an empty entry",
      "192.0.2.1, , 10.0.0.1",
      "10.0.0.1",
    ],
    ["nobody's where nothing can be read", "unknown", "0.0.0.0"],
    ["nobody's in an empty header", "", "0.0.0.0"],
  ])("is %s", (_, header, address) => {
    expect(clientAddress(header, trusted)).toBe(address);
  });
});

describe("X-Real-IP", () => {
  const real = (address: string, told?: string) =>
    realAddress(address, { headers: new Headers(told === undefined ? {} : { "x-real-ip": told }) });

  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7:4711", "192.0.2.7"],
    ["2001:db8::7", "2001:db8::7"],
    ["[2001:db8::7]:4711", "2001:db8::7"],
  ])("%s from this machine is the client", (told, address) => {
    expect(real("127.0.0.1", told)).toBe(address);
  });

  it.each([undefined, "", "unknown", "192.0.2.7, 192.0.2.8"])(
    "%j from this machine says nothing",
    (told) => {
      expect(real("127.0.0.1", told)).toBe("127.0.0.1");
    },
  );

  it.each(["127.0.0.2", "::1", "192.0.2.1", "0.0.0.0"])("says nothing from %s", (address) => {
    expect(real(address, "6.6.6.6")).toBe(address);
  });
});
