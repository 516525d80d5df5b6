import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../exporter/clock.ts";
import { DnsClient } from "../../../exporter/discovery/dns-client.ts";
import { askByNetwork, DnsError } from "../../../exporter/discovery/dns-exchange.ts";
import type { RecordType } from "../../../exporter/discovery/record-order.ts";
import { parseDnsServer } from "../../../exporter/discovery/server-address.ts";
import { type DnsServer, NEGATIVE_TTL, startDnsServer } from "../../support/dns-server.ts";

let first: DnsServer;
let second: DnsServer;

beforeEach(async () => {
  first = await startDnsServer();
  second = await startDnsServer();
});
afterEach(() => Promise.all([first.stop(), second.stop()]));

const never = new AbortController().signal;
let ids = 0;
const aClient = (servers: readonly DnsServer[], timeoutMs = 10_000) =>
  new DnsClient({
    ask: askByNetwork(() => ids++ % 65_536),
    servers: servers.map(({ address }) => parseDnsServer(address)),
    clock: systemClock,
    timeoutMs,
  });

async function valuesOf(client: DnsClient, name: string, type: RecordType = "A") {
  const reply = await client.ask({ name, type }, never);
  return reply.records.map(({ is }) => is);
}

describe("the DNS client", () => {
  it("reads records with their time to live", async () => {
    first.set("a.test", ["A", "192.0.2.1", 30], ["AAAA", "2001:db8::1", 40]);
    first.set("_s._tcp.a.test", ["SRV", "10 60 8080 A.test", 50]);
    const client = aClient([first]);
    const { records } = await client.ask({ name: "A.TEST", type: "A" }, never);
    expect(records).toEqual([
      { name: "a.test", ttlSeconds: 30, is: { type: "A", address: "192.0.2.1" } },
    ]);
    expect(await valuesOf(client, "a.test", "AAAA")).toEqual([
      { type: "AAAA", address: "2001:db8::1" },
    ]);
    expect(await valuesOf(client, "_s._tcp.a.test", "SRV")).toEqual([
      { type: "SRV", priority: 10, weight: 60, port: 8080, target: "a.test" },
    ]);
  });

  it("takes that there is no such name for an answer, and for how long", async () => {
    const reply = await aClient([first]).ask({ name: "gone.test", type: "A" }, never);
    expect(reply).toMatchObject({ rcode: 3, records: [], negativeTtlSeconds: NEGATIVE_TTL });
  });

  it("asks over TCP where the answer was cut", async () => {
    const addresses = Array.from({ length: 200 }, (_, i) => ["A", `192.0.2.${i}`, 30] as const);
    first.set("many.test", ...addresses);
    first.behave("truncate");
    expect(await valuesOf(aClient([first]), "many.test")).toHaveLength(200);
    expect(first.asked).toEqual(["udp A many.test", "tcp A many.test"]);
  });

  it("passes over what is no answer to its question", async () => {
    first.set("a.test", ["A", "192.0.2.1", 30]);
    first.behave("forge");
    expect(await valuesOf(aClient([first]), "a.test")).toHaveLength(1);
    expect(first.asked).toHaveLength(1);
  });

  it("asks the next server where one fails, and begins with that the next time", async () => {
    first.behave("servfail");
    second.set("a.test", ["A", "192.0.2.2", 30]);
    const client = aClient([first, second]);
    expect(await valuesOf(client, "a.test")).toHaveLength(1);
    expect(await valuesOf(client, "a.test")).toHaveLength(1);
    expect(first.asked).toHaveLength(1);
    expect(second.asked).toHaveLength(2);
  });

  it("asks the next server where one is silent, and where nothing listens", async () => {
    first.behave("silent");
    second.set("a.test", ["A", "192.0.2.2", 30]);
    expect(await valuesOf(aClient([first, second], 100), "a.test")).toHaveLength(1);
    await first.stop();
    expect(await valuesOf(aClient([first, second]), "a.test")).toHaveLength(1);
    first = await startDnsServer();
  });

  it("tells of every server where none has an answer", async () => {
    first.behave("servfail");
    second.behave("silent");
    const failed = aClient([first, second], 50).ask({ name: "a.test", type: "SRV" }, never);
    const error = await failed.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DnsError);
    expect(String(error)).toContain("SRV of a.test");
    expect(String(error)).toContain(`${first.address}: SERVFAIL`);
    expect(String(error)).toContain(`${second.address}: no answer in time`);
    expect(first.asked).toHaveLength(2);
  });

  it("stops when it is told to", async () => {
    first.behave("silent");
    const stop = new AbortController();
    const asking = aClient([first]).ask({ name: "a.test", type: "A" }, stop.signal);
    stop.abort();
    await expect(asking).rejects.toThrow(DnsError);
  });
});
