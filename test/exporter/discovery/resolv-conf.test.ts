import { describe, expect, it } from "vitest";
import { isDnsOrder, typesInOrder } from "../../../exporter/discovery/record-order.ts";
import { parseResolvConf, searchedNames } from "../../../exporter/discovery/resolv-conf.ts";
import {
  isDnsServer,
  parseDnsServer,
  serverText,
} from "../../../exporter/discovery/server-address.ts";

describe("resolv.conf", () => {
  it("says who is asked, in which domains, and from how many dots on a name is whole", () => {
    const text = `# of a pod
nameserver 10.96.0.10
nameserver fd00::a ; the other
nameserver fe80::1%eth0
search shop.svc.cluster.local svc.cluster.local
options timeout:1 ndots:5`;
    expect(parseResolvConf(text)).toEqual({
      servers: [
        { host: "10.96.0.10", port: 53 },
        { host: "fd00::a", port: 53 },
        { host: "fe80::1%eth0", port: 53 },
      ],
      search: ["shop.svc.cluster.local", "svc.cluster.local"],
      ndots: 5,
    });
  });

  it("stands for this machine's own server where it names none", () => {
    const servers = [{ host: "127.0.0.1", port: 53 }];
    expect(parseResolvConf("")).toEqual({ servers, search: [], ndots: 1 });
    expect(parseResolvConf("search .\nnameserver\noptions ndots:99")).toEqual({
      servers,
      search: [],
      ndots: 15,
    });
  });
});

describe("a name is looked for", () => {
  const search = ["a.test", "b.test."];
  it.each([
    ["shop", 1, ["shop.a.test", "shop.b.test", "shop"]],
    ["shop.x", 1, ["shop.x", "shop.x.a.test", "shop.x.b.test"]],
    ["shop.x", 2, ["shop.x.a.test", "shop.x.b.test", "shop.x"]],
    ["shop.", 5, ["shop"]],
  ] as const)("%s with ndots %d as %j", (host, ndots, names) => {
    expect(searchedNames(host, { search, ndots })).toEqual(names);
  });
});

describe("a DNS server", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1:53"],
    ["10.0.0.1:8600", "10.0.0.1:8600"],
    ["fd00::a", "[fd00::a]:53"],
    ["[fd00::a]", "[fd00::a]:53"],
    ["[fd00::a]:5353", "[fd00::a]:5353"],
  ])("is written %s", (text, whole) => {
    expect(isDnsServer(text)).toBe(true);
    expect(serverText(parseDnsServer(text))).toBe(whole);
  });

  it.each(["", "dns.test", "10.0.0.1:0", "10.0.0.1:70000", "10.0.0", "[10.0.0.1:53", "fd00::g"])(
    "is not written %j",
    (text) => expect(isDnsServer(text)).toBe(false),
  );
});

describe("the order of record types", () => {
  it("has each type once, and the last one where it says so", () => {
    const order = ["last", "SRV", "A", "AAAA", "CNAME"] as const;
    expect(typesInOrder(order, undefined)).toEqual(["SRV", "A", "AAAA", "CNAME"]);
    expect(typesInOrder(order, "AAAA")).toEqual(["AAAA", "SRV", "A", "CNAME"]);
    expect(typesInOrder(["A"], "SRV")).toEqual(["A"]);
    expect(isDnsOrder("last")).toBe(true);
    expect(isDnsOrder("MX")).toBe(false);
  });
});
