import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DnsError } from "../../exporter/discovery/dns-exchange.ts";
import type { Found } from "../../exporter/discovery/find-nodes.ts";
import type { KeyspaceChange } from "../../exporter/etcd/keyspace.ts";
import { Exporter } from "../../exporter/exporter.ts";
import { type Log, silentLog } from "../../exporter/log.ts";
import { createMetrics } from "../../exporter/metrics.ts";
import { LOSS_GUARD_DEFAULT } from "../../exporter/publish/loss-guard.ts";
import { readChunk, readManifest, readPointer } from "../../exporter/publish/read-generation.ts";
import { statusReport } from "../../exporter/status.ts";
import type { ChunkRef } from "../../shared/snapshot/format.ts";
import { hashAtOnce } from "../support/hash-at-once.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { PushedMirror } from "../support/pushed-mirror.ts";
import { readResources } from "../support/read-resources.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";

/** From DNS to the published body: an exporter on a clock of the test's own, before a DNS that it scripts. */

hashAtOnce();

let clock: VirtualClock;
let store: MemoryStore;
let revision: number;
let dns: Map<string, Found | "silent">;
let asked: string[];
let running: { readonly stop: AbortController; readonly done: Promise<unknown> }[];

beforeEach(() => {
  clock = virtualClock();
  store = new MemoryStore(() => clock.now());
  revision = 0;
  dns = new Map();
  asked = [];
  running = [];
});
afterEach(async () => {
  for (const { stop } of running) stop.abort();
  await clock.advance(60_000);
  await Promise.all(running.map(({ done }) => done));
});

function change(
  cause: KeyspaceChange["cause"],
  values: Readonly<Record<string, object | undefined>>,
): KeyspaceChange {
  revision += 1;
  const entries = Object.entries(values).map(([key, value]) => [`/apisix/${key}`, value] as const);
  const encoder = new TextEncoder();
  return {
    cause,
    clusterId: "1",
    revision,
    puts: entries.flatMap(([key, value]) =>
      value ? [{ key, value: encoder.encode(JSON.stringify(value)), modRevision: revision }] : [],
    ),
    deletes: entries.flatMap(([key, value]) => (value ? [] : [key])),
  };
}

function anExporter(log: Log = silentLog) {
  const mirror = new PushedMirror(() => clock.now());
  const exporter = new Exporter({
    config: {
      prefix: "/apisix",
      namespace: "default",
      router: "radixtree_host_uri",
      publishIntervalMs: 0,
      pointerCheckIntervalMs: 2000,
      lossGuard: LOSS_GUARD_DEFAULT,
      retention: { keepGenerations: 20, graceMs: 86_400_000, intervalMs: 3_600_000 },
    },
    store,
    mirror,
    clock,
    random: () => 0.5,
    log,
    by: "a test",
    dns: {
      timing: { minTtlMs: 1000, maxTtlMs: 60_000, firstAnswerMs: 5000 },
      find: async (service) => {
        asked.push(service);
        const answer = dns.get(service);
        if (answer === "silent") return new Promise(() => {});
        if (!answer) throw new DnsError("DNS is away");
        return answer;
      },
    },
  });
  const stop = new AbortController();
  const start = () => running.push({ stop, done: exporter.run(stop.signal) });
  return { exporter, mirror, stop, start, status: () => statusReport(exporter.sources()) };
}

const found = (...hosts: string[]): Found => ({
  is: "nodes",
  nodes: hosts.map((host) => ({ host, port: 80, weight: 1, priority: 0 })),
  ttlSeconds: 10,
  type: "A",
  withoutAddress: [],
});

const ofService = (service: string, more: object = {}) => ({
  service_name: service,
  discovery_type: "dns",
  type: "roundrobin",
  ...more,
});

/** Hosts of the live upstream of a key, with the generation. */
async function live(key: string) {
  const held = await readPointer(store);
  if (!held) return undefined;
  const { generation } = held.pointer.manifest;
  const manifest = await readManifest(store, held.pointer.manifest);
  const resources = await readResources(manifest, (ref: ChunkRef) => readChunk(store, ref));
  const value = resources.get(key)?.value as UpstreamLike & { readonly upstream?: UpstreamLike };
  const { nodes, service_name: service } = value?.upstream ?? value ?? {};
  return { generation, service, hosts: nodes?.map(({ host }) => host) };
}

interface UpstreamLike {
  readonly service_name?: string;
  readonly nodes?: readonly { readonly host: string }[];
}

describe("an upstream that DNS is asked for", () => {
  it("is published with its nodes, from the first generation on, wherever it is written", async () => {
    dns.set("a.test", found("192.0.2.1", "192.0.2.2"));
    const { mirror, start } = anExporter();
    start();
    mirror.push(
      change("base", {
        "upstreams/1": ofService("a.test"),
        "services/1": { upstream: ofService("a.test") },
        "routes/1": { uri: "/a", upstream: ofService("a.test") },
      }),
    );
    await clock.advance(100);
    const hosts = ["192.0.2.1", "192.0.2.2"];
    for (const key of ["upstreams/1", "services/1", "routes/1"]) {
      expect(await live(key)).toEqual({ generation: 1, service: "a.test", hosts });
    }
    expect(asked).toEqual(["a.test"]);
  });

  it("is published anew when its nodes change, with etcd quiet, and only then", async () => {
    dns.set("a.test", found("192.0.2.1"));
    const { mirror, start, status } = anExporter();
    start();
    mirror.push(change("base", { "upstreams/1": ofService("a.test") }));
    await clock.advance(30_000);
    expect(await live("upstreams/1")).toMatchObject({ generation: 1, hosts: ["192.0.2.1"] });
    dns.set("a.test", found("192.0.2.7"));
    await clock.advance(10_000);
    expect(await live("upstreams/1")).toMatchObject({ generation: 2, hosts: ["192.0.2.7"] });
    expect(status()).toMatchObject({ lag: { revisions: 0, seconds: 0 } });
  });

  it("has its nodes in the very generation in which it begins to need them", async () => {
    const { mirror, start } = anExporter();
    start();
    const nodes = { "192.0.2.9:80": 1 };
    mirror.push(change("base", { "upstreams/1": { nodes } }));
    await clock.advance(1000);
    dns.set("a.test", found("192.0.2.1"));
    mirror.push(change("watch", { "upstreams/1": ofService("a.test") }));
    await clock.advance(1000);
    expect(await live("upstreams/1")).toMatchObject({ generation: 2, hosts: ["192.0.2.1"] });
    mirror.push(change("watch", { "upstreams/1": { nodes } }));
    await clock.advance(1000);
    asked = [];
    await clock.advance(60_000);
    expect(asked).toEqual([]);
  });

  it("shares its service with others: a change reaches all of them", async () => {
    dns.set("a.test", found("192.0.2.1"));
    const { mirror, start } = anExporter();
    start();
    mirror.push(change("base", { "upstreams/1": ofService("a.test") }));
    await clock.advance(1000);
    mirror.push(change("watch", { "upstreams/2": ofService("a.test", { retries: 1 }) }));
    await clock.advance(1000);
    expect(await live("upstreams/2")).toMatchObject({ hosts: ["192.0.2.1"] });
    expect(asked).toEqual(["a.test"]);
    mirror.push(change("watch", { "upstreams/1": undefined }));
    dns.set("a.test", found("192.0.2.2"));
    await clock.advance(15_000);
    expect(await live("upstreams/2")).toMatchObject({ hosts: ["192.0.2.2"] });
  });

  it("keeps its nodes while DNS is away, also where it is written anew meanwhile", async () => {
    dns.set("a.test", found("192.0.2.1"));
    const { mirror, start, status, exporter } = anExporter();
    start();
    mirror.push(change("base", { "upstreams/1": ofService("a.test") }));
    await clock.advance(1000);
    dns.clear();
    await clock.advance(60_000);
    mirror.push(change("watch", { "upstreams/1": ofService("a.test", { retries: 5 }) }));
    await clock.advance(1000);
    expect(await live("upstreams/1")).toMatchObject({ generation: 2, hosts: ["192.0.2.1"] });
    expect(status().discovery).toMatchObject({
      services: 1,
      failing: 1,
      list: [{ service: "a.test", nodes: 1, error: "DNS is away" }],
    });
    const metrics = await createMetrics().render(exporter.sources());
    expect(metrics).toContain("snapgate_discovered_services 1");
    expect(metrics).toContain("snapgate_discovery_failing 1");
    expect(metrics).toMatch(/snapgate_discovery_failures_total [1-9]/);
  });

  it("has no nodes where DNS says that there are none", async () => {
    dns.set("a.test", found("192.0.2.1"));
    const { mirror, start } = anExporter();
    start();
    mirror.push(change("base", { "upstreams/1": ofService("a.test") }));
    await clock.advance(1000);
    dns.set("a.test", { is: "nothing", ttlSeconds: 5 });
    await clock.advance(15_000);
    expect(await live("upstreams/1")).toMatchObject({ hosts: [] });
  });

  it("does not hold up the others for longer than the bound", async () => {
    dns.set("a.test", "silent");
    const { mirror, start } = anExporter();
    start();
    mirror.push(change("base", { "upstreams/1": ofService("a.test") }));
    await clock.advance(4000);
    expect(await live("upstreams/1")).toBeUndefined();
    await clock.advance(2000);
    expect(await live("upstreams/1")).toMatchObject({ generation: 1, hosts: [] });
  });

  it("is published once with its nodes by a single run", async () => {
    dns.set("a.test", found("192.0.2.1"));
    const { exporter, mirror, stop } = anExporter();
    const done = exporter.publishOnce(stop.signal);
    running.push({ stop, done });
    mirror.push(change("base", { "upstreams/1": ofService("a.test") }));
    await clock.advance(1000);
    expect(await live("upstreams/1")).toMatchObject({ generation: 1, hosts: ["192.0.2.1"] });
    await done;
    asked = [];
    await clock.advance(60_000);
    expect(asked).toEqual([]);
  });
});

describe("an exporter that starts while DNS is away", () => {
  beforeEach(async () => {
    dns.set("a.test", found("192.0.2.1"));
    dns.set("b.test", found("192.0.2.2"));
    const { mirror, start, stop } = anExporter();
    start();
    mirror.push(
      change("base", { "upstreams/1": ofService("a.test"), "upstreams/2": ofService("b.test") }),
    );
    await clock.advance(2000);
    stop.abort();
    await clock.advance(2000);
    dns.clear();
  });

  it("goes on with the nodes that were published last, for the same service only", async () => {
    const { mirror, start } = anExporter();
    start();
    mirror.push(
      change("base", { "upstreams/1": ofService("a.test"), "upstreams/2": ofService("c.test") }),
    );
    await clock.advance(20_000);
    expect(await live("upstreams/1")).toMatchObject({ hosts: ["192.0.2.1"] });
    expect(await live("upstreams/2")).toMatchObject({ service: "c.test", hosts: [] });
    dns.set("a.test", found("192.0.2.3"));
    await clock.advance(60_000);
    expect(await live("upstreams/1")).toMatchObject({ hosts: ["192.0.2.3"] });
  });

  it("keeps a last valid value with its nodes, and asks for them again", async () => {
    const { mirror, start } = anExporter();
    start();
    const broken = ofService("a.test", { retries: "many" });
    mirror.push(change("base", { "upstreams/1": broken, "upstreams/2": ofService("b.test") }));
    await clock.advance(20_000);
    expect(await live("upstreams/1")).toMatchObject({ service: "a.test", hosts: ["192.0.2.1"] });
    dns.set("a.test", found("192.0.2.4"));
    await clock.advance(60_000);
    expect(await live("upstreams/1")).toMatchObject({ hosts: ["192.0.2.4"] });
  });
});
