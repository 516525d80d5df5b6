import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

/** A service's SRV records, through the exporter and the bucket, decide where the edge sends requests. */
describe("an upstream whose nodes are in DNS", () => {
  let stack: Stack;
  let dns: DnsServer;
  let upstreams: Awaited<ReturnType<typeof startUpstream>>[];

  beforeAll(async () => {
    [dns, ...upstreams] = await Promise.all([
      startDnsServer(),
      startUpstream("one"),
      startUpstream("two"),
    ]);
    stack = await startStack({
      exporter: {
        DNS_SERVERS: dns.address,
        DNS_MIN_TTL_MS: "100",
        DNS_TIMEOUT_MS: "200",
        DNS_FIRST_ANSWER_MS: "1000",
      },
    });
    dns.set("node.test", ["A", "127.0.0.1", 1]);
    leadTo(0);
    await stack.put("upstreams/orders", { service_name: "orders.test", discovery_type: "dns" });
    await stack.put("routes/orders", { uri: "/orders", upstream_id: "orders" });
    await stack.served("/orders");
  });
  afterAll(async () => {
    await stack.stop();
    await dns.stop();
    for (const upstream of upstreams) await upstream.stop();
  });

  const leadTo = (which: number) => {
    const port = upstreams[which]?.node.split(":")[1];
    dns.set("orders.test", ["SRV", `0 1 ${port} node.test`, 1]);
  };
  const reached = async () => {
    const answer = await stack.get("/orders");
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { upstream: string }).upstream;
  };
  const discovery = async () =>
    (await stack.status()).discovery as { failing: number; failures: number; services: number };

  it("is served by them", async () => {
    expect(await reached()).toBe("one");
    expect(await discovery()).toMatchObject({ services: 1, failing: 0 });
  });

  it("is served by another as soon as the record says so, without a write to etcd", async () => {
    leadTo(1);
    await eventually(async () => expect(await reached()).toBe("two"));
  });

  it("is served on when the DNS server is gone, and the status tells of it", async () => {
    await dns.stop();
    await eventually(async () => expect((await discovery()).failing).toBe(1));
    expect(await reached()).toBe("two");
  });

  it("is served on when the exporter starts anew meanwhile", async () => {
    await stack.killExporter();
    stack.startExporter();
    // What is published after the start still has the nodes.
    await eventually(() => stack.put("routes/later", { uri: "/later", upstream_id: "orders" }));
    await stack.served("/later");
    expect(await reached()).toBe("two");
    expect((await discovery()).failures).toBeGreaterThan(0);
  });

  it("follows the records again when the server is back", async () => {
    const { port } = dns;
    dns = await startDnsServer(port);
    dns.set("node.test", ["A", "127.0.0.1", 1]);
    leadTo(0);
    await eventually(async () => expect(await reached()).toBe("one"), 45);
    expect(await discovery()).toMatchObject({ failing: 0 });
  });

  it("answers 503 when DNS says that there is nothing", async () => {
    dns.set("orders.test");
    await stack.served("/orders", 503);
  });
});
