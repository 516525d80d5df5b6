import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Campaign, Leadership } from "../../../exporter/etcd/election.ts";
import type { KeyspaceChange } from "../../../exporter/etcd/keyspace.ts";
import { Exporter } from "../../../exporter/exporter.ts";
import { silentLog } from "../../../exporter/log.ts";
import { createMetrics } from "../../../exporter/metrics.ts";
import { resume, rollback } from "../../../exporter/publish/operations.ts";
import { statusReport } from "../../../exporter/status.ts";
import { StoreError } from "../../../exporter/store/object-store.ts";
import { decodeOverlay } from "../../../shared/health/overlay.ts";
import { hashAtOnce } from "../../support/hash-at-once.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { readLive } from "../../support/publishing.ts";
import { PushedMirror } from "../../support/pushed-mirror.ts";
import { type ScriptedProbe, scriptedProbe } from "../../support/scripted-probe.ts";
import { type VirtualClock, virtualClock } from "../../support/virtual-clock.ts";

hashAtOnce();

const NAME = "health/exporter.json";
const A = "10.0.0.1:80";
const B = "10.0.0.2:80";

let clock: VirtualClock;
let store: MemoryStore;
let script: ScriptedProbe;
let revision: number;
let running: { readonly stop: AbortController; readonly done: Promise<void> }[];

beforeEach(() => {
  clock = virtualClock();
  store = new MemoryStore(() => clock.now());
  script = scriptedProbe(clock);
  revision = 0;
  running = [];
});
afterEach(async () => {
  for (const { stop } of running) stop.abort();
  await clock.advance(60_000);
  await Promise.all(running.map(({ done }) => done));
});

function change(
  cause: KeyspaceChange["cause"],
  values: Readonly<Record<string, object | string>>,
): KeyspaceChange {
  revision += 1;
  const text = (value: object | string) =>
    typeof value === "string" ? value : JSON.stringify(value);
  const puts = Object.entries(values).map(([key, value]) => ({
    key: `/apisix/${key}`,
    value: new TextEncoder().encode(text(value)),
    modRevision: revision,
  }));
  return { cause, clusterId: "1", revision, puts, deletes: [] };
}

const upstream = (nodes: readonly string[], more: object = {}) => ({
  nodes: Object.fromEntries(nodes.map((node) => [node, 1])),
  checks: { active: { healthy: {}, unhealthy: { tcp_failures: 2 } } },
  ...more,
});

function anExporter({ by = "exporter 1", campaign }: { by?: string; campaign?: Campaign } = {}) {
  const mirror = new PushedMirror(() => clock.now());
  const exporter = new Exporter({
    config: {
      prefix: "/apisix",
      namespace: "default",
      router: "radixtree_host_uri",
      publishIntervalMs: 1000,
      pointerCheckIntervalMs: 2000,
      lossGuard: undefined,
      retention: { keepGenerations: 20, graceMs: 86_400_000, intervalMs: 3_600_000 },
    },
    store,
    mirror,
    campaign,
    clock,
    random: () => 0.5,
    log: silentLog,
    by,
    health: { checks: "on", probe: script.probe },
  });
  const stop = new AbortController();
  running.push({ stop, done: exporter.run(stop.signal) });
  return { exporter, mirror, stop, status: () => statusReport(exporter.sources()) };
}

/** A lock that a test gives and takes. */
class Lock {
  #token = 0;
  #give = Promise.withResolvers<void>();
  #lost = new AbortController();

  readonly campaign: Campaign = async (signal) => {
    const stopped = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve()),
    );
    await Promise.race([this.#give.promise, stopped]);
    if (signal.aborted) return undefined;
    this.#give = Promise.withResolvers();
    this.#lost = new AbortController();
    this.#token += 1;
    const lost = this.#lost;
    const leadership: Leadership = {
      fence: { clusterId: "1", token: this.#token },
      signal: lost.signal,
      confirm: async () => true,
      resign: async () => lost.abort(),
    };
    return leadership;
  };

  give(): void {
    this.#give.resolve();
  }

  take(): void {
    this.#lost.abort();
  }
}

function overlay() {
  const held = store.objects.get(NAME);
  return held && decodeOverlay(held.bytes, NAME);
}

describe("an exporter with checked upstreams", () => {
  it("writes who is dead beside the pointer, without a new generation", async () => {
    const { mirror, status, exporter } = anExporter();
    mirror.push(change("base", { "upstreams/1": upstream([A, B]) }));
    await clock.advance(3000);
    expect(await readLive(store)).toMatchObject({ manifest: { generation: 1, checked: 1 } });
    script.results.set(B, "tcp-failure");
    await clock.advance(4000);
    expect(overlay()?.down).toEqual({ "upstreams/1": [B] });
    expect(await readLive(store)).toMatchObject({ manifest: { generation: 1 } });
    expect(status().healthChecks).toMatchObject({
      probing: true,
      upstreams: 1,
      nodes: 2,
      leftToEdge: 0,
      down: { total: 1, list: { "upstreams/1": [B] } },
      overlay: { error: null, failures: 0, omitted: 0 },
    });
    const metrics = await createMetrics().render(exporter.sources());
    expect(metrics).toContain("snapgate_checked_nodes 2");
    expect(metrics).toContain("snapgate_down_nodes 1");
    expect(metrics).toMatch(/snapgate_health_probes_total\{outcome="tcp-failure"\} [1-9]/);
    expect(metrics).toMatch(/snapgate_health_overlay_writes_total [1-9]/);
  });

  it("counts the checks of a value that is kept because the new one is refused", async () => {
    const first = anExporter();
    first.mirror.push(change("base", { "upstreams/1": upstream([A]) }));
    await clock.advance(3000);
    first.stop.abort();
    await clock.advance(1000);
    script.seen.length = 0;
    const second = anExporter();
    second.mirror.push(
      change("base", { "upstreams/1": "{", "routes/1": { uri: "/a", upstream_id: "1" } }),
    );
    await clock.advance(3000);
    expect(await readLive(store)).toMatchObject({ manifest: { generation: 2, checked: 1 } });
    expect(script.seen.length).toBeGreaterThan(0);
  });

  it("publishes on while the overlay cannot be written", async () => {
    const set = store.compareAndSet.bind(store);
    store.compareAndSet = (name, ...args) =>
      name === NAME ? Promise.reject(new StoreError("403", false)) : set(name, ...args);
    const { mirror, status } = anExporter();
    mirror.push(change("base", { "upstreams/1": upstream([A]) }));
    await clock.advance(5000);
    for (let i = 1; i <= 3; i++) {
      mirror.push(change("watch", { "upstreams/1": upstream([A], { retries: i }) }));
      await clock.advance(1000);
    }
    expect(await readLive(store)).toMatchObject({ manifest: { generation: 4 } });
    expect(status()).toMatchObject({
      publish: { failures: 0, error: null },
      healthChecks: { overlay: { last: null, error: { message: "403" } } },
    });
  });

  it("probes while it leads, and hands over what it has found", async () => {
    const values = { "upstreams/1": upstream([A, B]) };
    const [one, two] = [new Lock(), new Lock()];
    const first = anExporter({ campaign: one.campaign });
    const second = anExporter({ campaign: two.campaign, by: "exporter 2" });
    const base = change("base", values);
    first.mirror.push(base);
    second.mirror.push(base);
    await clock.advance(5000);
    expect(script.seen).toEqual([]);
    expect(store.objects.has(NAME)).toBe(false);
    one.give();
    script.results.set(A, "tcp-failure");
    await clock.advance(5000);
    expect(overlay()).toMatchObject({ writtenBy: "exporter 1", down: { "upstreams/1": [A] } });
    expect(second.status().healthChecks).toMatchObject({ probing: false, nodes: 0 });
    one.take();
    await clock.advance(500);
    const probes = script.seen.length;
    await clock.advance(5000);
    expect(script.seen).toHaveLength(probes);
    expect(first.status().role).toBe("follower");
    two.give();
    // Before two probes could have failed again.
    await clock.advance(600);
    expect(overlay()).toMatchObject({ writtenBy: "exporter 2", down: { "upstreams/1": [A] } });
    await clock.advance(5000);
    expect(second.status().healthChecks).toMatchObject({ probing: true, nodes: 2 });
  });

  it("carries the count through a rollback", async () => {
    const { mirror } = anExporter();
    mirror.push(change("base", { "upstreams/1": upstream([A]) }));
    await clock.advance(3000);
    mirror.push(change("watch", { "upstreams/1": { nodes: { [A]: 1 } } }));
    await clock.advance(3000);
    expect((await readLive(store))?.manifest.checked).toBeUndefined();
    expect(store.objects.has(NAME)).toBe(false);
    const operator = { store, clock, namespace: "default", by: "operator" };
    await rollback(operator, 1);
    expect(await readLive(store)).toMatchObject({ manifest: { generation: 3, checked: 1 } });
    await resume(operator);
  });
});
