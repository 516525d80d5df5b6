import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../exporter/clock.ts";
import { DnsClient } from "../../../exporter/discovery/dns-client.ts";
import { askByNetwork, DnsError } from "../../../exporter/discovery/dns-exchange.ts";
import { type Found, findNodesByDns } from "../../../exporter/discovery/find-nodes.ts";
import {
  DNS_ORDER,
  type DnsOrder,
  type RecordType,
} from "../../../exporter/discovery/record-order.ts";
import { parseDnsServer } from "../../../exporter/discovery/server-address.ts";
import { type DnsServer, NEGATIVE_TTL, startDnsServer } from "../../support/dns-server.ts";

let dns: DnsServer;

beforeAll(async () => {
  dns = await startDnsServer();
  dns.set("one.test", ["A", "192.0.2.1", 30]);
  dns.set("two.test", ["A", "192.0.2.3", 30], ["A", "192.0.2.2", 20]);
  dns.set("both.test", ["AAAA", "2001:DB8::1", 30], ["A", "192.0.2.1", 30]);
  dns.set("six.test", ["AAAA", "2001:db8::2", 30], ["AAAA", "2001:db8::1", 30]);
  dns.set("srv.test", ["SRV", "10 60 1980 one.test", 300], ["SRV", "20 20 1981 two.test", 300]);
  dns.set("zero.test", ["SRV", "0 0 0 one.test", 300]);
  dns.set("partly.test", ["SRV", "0 1 80 one.test", 300], ["SRV", "0 1 81 gone.test", 300]);
  dns.set("nowhere.test", ["SRV", "0 1 81 gone.test", 300]);
  dns.set("closed.test", ["SRV", "0 0 0 ", 300]);
  dns.set("alias.test", ["CNAME", "alias2.test", 9]);
  dns.set("alias2.test", ["CNAME", "two.test", 40]);
  dns.set("srv-alias.test", ["CNAME", "srv.test", 9]);
  dns.set("circle.test", ["CNAME", "circle2.test", 9]);
  dns.set("circle2.test", ["CNAME", "circle.test", 9]);
  dns.set("shop.cluster.test", ["A", "192.0.2.9", 30]);
});
beforeEach(() => {
  dns.behave("answer");
  dns.asked.length = 0;
});
afterAll(() => dns.stop());

interface Case {
  readonly order?: readonly DnsOrder[];
  readonly last?: RecordType;
  readonly search?: readonly string[];
  readonly ndots?: number;
  readonly timeoutMs?: number;
}

let ids = 0;
function find(service: string, of: Case = {}): Promise<Found> {
  const client = new DnsClient({
    ask: askByNetwork(() => ids++ % 65_536),
    servers: [parseDnsServer(dns.address)],
    clock: systemClock,
    timeoutMs: of.timeoutMs ?? 10_000,
  });
  const { search = [], ndots = 1, order = DNS_ORDER, last } = of;
  return findNodesByDns(client, order, { search, ndots })(
    service,
    last,
    new AbortController().signal,
  );
}

async function nodesOf(service: string, of: Case = {}) {
  const found = await find(service, of);
  if (found.is === "nothing") return [];
  return found.nodes.map(({ host, port, weight, priority }) => {
    return `${host}${port === undefined ? "" : `:${port}`} ${weight} ${priority}`;
  });
}

describe("the nodes of a service are", () => {
  it("all addresses of a name, without a port, each with weight 1", async () => {
    expect(await nodesOf("two.test")).toEqual(["192.0.2.2 1 0", "192.0.2.3 1 0"]);
    expect(await nodesOf("two.test:8080")).toEqual(["192.0.2.2:8080 1 0", "192.0.2.3:8080 1 0"]);
  });

  it("IPv4 addresses where there are both, and IPv6 ones in brackets", async () => {
    expect(await nodesOf("both.test")).toEqual(["192.0.2.1 1 0"]);
    expect(await nodesOf("six.test:81")).toEqual(["[2001:db8::1]:81 1 0", "[2001:db8::2]:81 1 0"]);
    expect(await nodesOf("both.test", { order: ["AAAA", "A"] })).toEqual(["[2001:db8::1] 1 0"]);
  });

  it("those of SRV records: ports, weights divided among addresses, the lowest priority first", async () => {
    const nodes = ["192.0.2.1:1980 120 -10", "192.0.2.2:1981 20 -20", "192.0.2.3:1981 20 -20"];
    expect(await nodesOf("srv.test")).toEqual(nodes);
  });

  it("those with the service's own port, where it gives one", async () => {
    expect(await nodesOf("srv.test:8848")).toEqual([
      "192.0.2.1:8848 120 -10",
      "192.0.2.2:8848 20 -20",
      "192.0.2.3:8848 20 -20",
    ]);
  });

  it("with weight 1 for 0, and without a port for 0", async () => {
    expect(await nodesOf("zero.test")).toEqual(["192.0.2.1 1 0"]);
  });

  it("those at the end of aliases, whether the server follows them or not", async () => {
    for (const behaviour of ["answer", "one-alias"] as const) {
      dns.behave(behaviour);
      expect(await nodesOf("alias.test")).toEqual(["192.0.2.2 1 0", "192.0.2.3 1 0"]);
      expect(await nodesOf("srv-alias.test")).toHaveLength(3);
      expect(await nodesOf("alias.test", { order: ["CNAME", "A"] })).toHaveLength(2);
    }
  });

  it("an address itself, without asking anybody", async () => {
    expect(await nodesOf("192.0.2.7:81")).toEqual(["192.0.2.7:81 1 0"]);
    expect(await nodesOf("[2001:db8::7]")).toEqual(["[2001:db8::7] 1 0"]);
    expect(dns.asked).toEqual([]);
  });

  it("those of a name in a search domain", async () => {
    const of = { search: ["other.test", "cluster.test."], ndots: 1 };
    expect(await nodesOf("shop", of)).toEqual(["192.0.2.9 1 0"]);
    expect(await nodesOf("shop.", of)).toEqual([]);
    dns.asked.length = 0;
    expect(await nodesOf("one.test", { ...of, order: ["A"] })).toHaveLength(1);
    expect(dns.asked).toEqual(["udp A one.test"]);
    dns.asked.length = 0;
    expect(await nodesOf("one.test", { ...of, order: ["A"], ndots: 5 })).toHaveLength(1);
    expect(dns.asked).toEqual([
      "udp A one.test.other.test",
      "udp A one.test.cluster.test",
      "udp A one.test",
    ]);
  });
});

describe("a service", () => {
  it("has the least time to live of all records on the way", async () => {
    expect(await find("two.test")).toMatchObject({ ttlSeconds: 20 });
    expect(await find("alias.test")).toMatchObject({ ttlSeconds: 9 });
    expect(await find("srv.test")).toMatchObject({ ttlSeconds: 20 });
  });

  it("has no nodes where there is no such name, or no record of use", async () => {
    const nothing = { is: "nothing", ttlSeconds: NEGATIVE_TTL };
    expect(await find("gone.test")).toEqual(nothing);
    expect(await find("nowhere.test")).toEqual(nothing);
    expect(await find("closed.test")).toMatchObject({ is: "nothing" });
    expect(await find("one.test", { order: ["SRV"] })).toEqual(nothing);
  });

  it("does without targets that have no address, and tells which", async () => {
    expect(await nodesOf("partly.test")).toEqual(["192.0.2.1:80 1 0"]);
    expect(await find("partly.test")).toMatchObject({ withoutAddress: ["gone.test"] });
  });

  it("is asked for in the order that is set, first for the last type that had an answer", async () => {
    await find("six.test");
    expect(dns.asked.map((line) => line.split(" ")[1])).toEqual(["SRV", "A", "AAAA"]);
    dns.asked.length = 0;
    expect(await find("six.test", { last: "AAAA" })).toMatchObject({ type: "AAAA" });
    expect(dns.asked).toEqual(["udp AAAA six.test"]);
  });

  it("is unknown, and not without nodes, where the server fails", async () => {
    dns.behave("servfail");
    await expect(find("one.test")).rejects.toThrow(DnsError);
  });

  it("is given up at the first type where nobody answers, but not where a server says no", async () => {
    dns.behave("silent");
    await expect(find("one.test", { timeoutMs: 20 })).rejects.toThrow("SRV of one.test");
    expect(new Set(dns.asked)).toEqual(new Set(["udp SRV one.test"]));
    dns.behave("servfail");
    await expect(find("one.test")).rejects.toThrow("SRV of one.test");
    expect(dns.asked).toContain("udp A one.test");
  });

  it("is taken from a type after one that failed, which is asked for again the next time", async () => {
    dns.behave("no-srv");
    expect(await find("one.test", { last: "SRV" })).toMatchObject({ is: "nodes", type: "SRV" });
    expect(await find("one.test")).toMatchObject({ is: "nodes", type: undefined });
  });

  it("is unknown where a record leads to what is no name", async () => {
    dns.set("odd.test", ["SRV", "0 1 80 no/name.test", 30]);
    await expect(find("odd.test")).rejects.toThrow(DnsError);
  });

  it("is unknown where its aliases go round in a circle", async () => {
    for (const behaviour of ["answer", "one-alias"] as const) {
      dns.behave(behaviour);
      await expect(find("circle.test")).rejects.toThrow("aliases");
    }
  });
});
