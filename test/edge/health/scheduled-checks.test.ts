import { describe, expect, it } from "vitest";
import { BalancerPool } from "../../../edge/balancer/balancer-pool.ts";
import { ActiveVerdicts } from "../../../edge/health/active-verdicts.ts";
import { SubrequestsSpent, UnsendableProbe } from "../../../edge/health/prober.ts";
import { ScheduledChecks } from "../../../edge/health/scheduled-checks.ts";
import { ChunkCache } from "../../../edge/snapshot/chunk-cache.ts";
import { Loader } from "../../../edge/snapshot/loader.ts";
import { ObjectReader } from "../../../edge/snapshot/object-reader.ts";
import type { ProbeResult } from "../../../shared/health/active-check.ts";
import { decodeOverlay, HEALTH_OVERLAY_NAMES } from "../../../shared/health/overlay.ts";
import { overlayBytes, someChecks } from "../../support/checked-world.ts";
import { MapSource } from "../../support/edge-world.ts";
import { chainBuilder } from "../../support/plugin-deps.ts";
import { anUpstream, aRoute, makeSnapshot, type World } from "../../support/snapshots.ts";
import { type VirtualClock, virtualClock } from "../../support/virtual-clock.ts";

const { exporter: EXPORTERS, edge: EDGES } = HEALTH_OVERLAY_NAMES;
/** Every 5 s, so that a minute is soon over. */
const checks = someChecks(
  {},
  {
    healthy: { interval: 5, http_statuses: [200], successes: 2 },
    unhealthy: { interval: 5, http_statuses: [500], tcp_failures: 2, http_failures: 2 },
  },
);
const WORLD: World = {
  upstreams: {
    "1": anUpstream(["a:80", "b:80"], { checks }),
    "2": anUpstream(["c:80"], { checks }),
    unchecked: anUpstream(["u:80"]),
  },
  services: { s: { id: "s", upstream: anUpstream(["d:80"], { checks }) } },
  routes: { r: aRoute("r", { upstream: anUpstream(["e:80"], { checks }) }) },
};
const LEFT = ["upstreams/1", "services/s", "routes/r", "upstreams/unchecked", "upstreams/gone"];

/** A bucket with a configuration, on a clock that moves by itself; isolates come and go. */
async function aWorld(left: readonly string[] = LEFT) {
  const clock = virtualClock();
  const source = new MapSource();
  source.publish(await makeSnapshot(WORLD, { generation: 1, checked: 4 }));
  source.objects.set(EXPORTERS, overlayBytes(clock.now(), {}, { leftToEdge: left }));
  const lines: string[] = [];
  const writes: { at: number; down: unknown }[] = [];
  const probed: string[] = [];
  const start = clock.now();
  const world = {
    clock,
    source,
    lines,
    writes,
    probed,
    answer: (_host: string): ProbeResult => ({ status: 200 }),
    write: async (name: string, bytes: Uint8Array) => {
      source.objects.set(name, bytes);
      writes.push({ at: (clock.now() - start) / 1000, down: decodeOverlay(bytes, name).down });
    },
    overlay: () => decodeOverlay(source.objects.get(EDGES) ?? new Uint8Array(), EDGES),
    isolate: (withBucket = true, probes = 10_000) => anIsolate(world, withBucket, probes),
    /** One run from its beginning to its end. */
    run: async (isolate: ScheduledChecks) => {
      let isOver = false;
      const over = isolate.run().finally(() => {
        isOver = true;
      });
      while (!isOver) await clock.step(1000);
      await over;
    },
  };
  return world;
}

interface IsolatesWorld {
  readonly clock: VirtualClock;
  readonly source: MapSource;
  readonly lines: string[];
  readonly probed: string[];
  answer(host: string): ProbeResult;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

function anIsolate(world: IsolatesWorld, withBucket: boolean, probes: number): ScheduledChecks {
  const { clock, source, probed, lines } = world;
  const timers = { after: clock.after };
  const { now } = clock;
  const verdicts = new ActiveVerdicts(now);
  const balancers = new BalancerPool({ now, random: () => 0, verdicts });
  const reader = new ObjectReader({
    sources: [source],
    cache: undefined,
    timers,
    readTimeoutMs: 5000,
  });
  const chunks = new ChunkCache(1024 * 1024);
  return new ScheduledChecks({
    loader: new Loader({ reader, chunks, snapshot: { balancers, chains: chainBuilder() } }),
    bucket: withBucket
      ? { read: (name) => source.read(name), write: (...args) => world.write(...args) }
      : undefined,
    send: async ({ host }) => {
      probed.push(host);
      return world.answer(host);
    },
    timers,
    now,
    log: (line) => lines.push(line),
    settings: { runMs: 55_000, probes },
  });
}

describe("a run of the scheduled job", () => {
  it("probes what is left to it, and nothing else", async () => {
    const world = await aWorld();
    await world.run(world.isolate());
    expect([...new Set(world.probed)].sort()).toEqual(["a", "b", "d", "e"]);
    expect(world.overlay()).toMatchObject({ namespace: "default", down: {}, leftToEdge: [] });
    expect(world.lines).toEqual([]);
  });

  it("writes what has turned within a second, and else a sign of life every 30 s", async () => {
    const world = await aWorld();
    const start = world.clock.now();
    world.answer = (host) => {
      const at = world.clock.now() - start;
      if (host === "a" && at > 11_000) return "tcp-failure";
      return { status: host === "d" && at > 11_000 && at < 40_000 ? 500 : 200 };
    };
    await world.run(world.isolate());
    const both = { "upstreams/1": ["a:80"], "services/s": ["d:80"] };
    expect(world.writes.map(({ down }) => down)).toEqual([
      {},
      { "upstreams/1": ["a:80"] },
      both,
      both,
      { "upstreams/1": ["a:80"] },
      { "upstreams/1": ["a:80"] },
    ]);
    const times = world.writes.map(({ at }) => at);
    expect(times[1]).toBeGreaterThan(15);
    expect(times[1]).toBeLessThan(21);
    for (let i = 1; i < times.length; i++) {
      expect((times[i] as number) - (times[i - 1] as number)).toBeGreaterThanOrEqual(1);
    }
    expect(world.lines).toEqual([
      "health checks: a:80 of upstreams/1 is down",
      "health checks: d:80 of services/s is down",
      "health checks: d:80 of services/s is back",
    ]);
  });

  it("begins where the last one ended, in an isolate that knows nothing", async () => {
    const world = await aWorld();
    world.answer = (host) => (host === "a" ? "tcp-failure" : { status: 200 });
    await world.run(world.isolate());
    world.writes.length = 0;
    await world.clock.advance(5000);
    const before = world.probed.length;
    await world.run(world.isolate());
    // It is dead from the first write on, without two probes more.
    expect(world.writes[0]?.down).toEqual({ "upstreams/1": ["a:80"] });
    expect(world.probed.length).toBeGreaterThan(before);
    world.answer = () => ({ status: 200 });
    await world.run(world.isolate());
    expect(world.overlay().down).toEqual({});
    expect(world.lines.at(-1)).toBe("health checks: a:80 of upstreams/1 is back");
  });

  it("goes by what another isolate wrote after its own last run", async () => {
    const world = await aWorld();
    const [first, second] = [world.isolate(), world.isolate()];
    await world.run(first);
    world.answer = (host) => (host === "b" ? "tcp-failure" : { status: 200 });
    await world.run(second);
    world.writes.length = 0;
    await world.run(first);
    expect(world.writes[0]?.down).toEqual({ "upstreams/1": ["b:80"] });
  });

  it("takes every node for alive where the last overlay is stale, damaged or another's", async () => {
    const down = { "upstreams/1": ["a:80"] };
    for (const stale of [
      (now: number) => overlayBytes(now - 151_000, down, { validSeconds: 150 }),
      () => new Uint8Array([1, 2, 3]),
      (now: number) => overlayBytes(now, down, { namespace: "other" }),
    ]) {
      const world = await aWorld();
      world.source.objects.set(EDGES, stale(world.clock.now()));
      await world.run(world.isolate());
      expect(world.writes[0]?.down).toEqual({});
    }
  });

  it("does nothing where nothing is left to it, or no exporter has written", async () => {
    for (const objects of [[], undefined]) {
      const world = await aWorld(objects ?? LEFT);
      if (!objects) world.source.objects.delete(EXPORTERS);
      await world.run(world.isolate());
      expect([world.probed, world.writes, world.lines]).toEqual([[], [], []]);
    }
  });

  it("says so where its probes are too few, and where the bucket cannot be written", async () => {
    const world = await aWorld();
    await world.run(world.isolate(true, 20));
    expect(world.probed).toHaveLength(20);
    expect(world.lines).toEqual([
      "health checks: 4 nodes want 44 probes a run and get 20: they are probed less often than " +
        "configured; raise HEALTH_CHECK_PROBES",
    ]);
    await world.run(world.isolate(false));
    expect(world.lines.at(-1)).toMatch(/HEALTH_CHECKS=left needs the bucket bound as SNAPSHOTS/);
  });

  it("tries a failed write again, and does not end for it", async () => {
    const world = await aWorld();
    const { write } = world;
    let failures = 2;
    world.write = async (name, bytes) => {
      if (failures-- > 0) throw new Error("429");
      await write(name, bytes);
    };
    await world.run(world.isolate());
    expect(world.writes[0]?.at).toBe(2);
    expect(world.lines).toEqual([
      "health checks: health/edge.json could not be written: 429",
      "health checks: health/edge.json could not be written: 429",
    ]);
  });

  it("says once a run what it cannot probe, and leaves that node in", async () => {
    const world = await aWorld();
    world.answer = (host) => {
      if (host === "a") throw new UnsendableProbe("a header");
      return { status: 200 };
    };
    await world.run(world.isolate());
    expect(world.lines).toEqual(["health checks: a:80 of upstreams/1 cannot be probed: a header"]);
    expect(world.overlay().down).toEqual({});
  });

  it("writes what it knows and ends when the platform's subrequests are spent", async () => {
    const world = await aWorld();
    const start = world.clock.now();
    world.answer = (host) => {
      if (world.clock.now() - start > 20_000) throw new SubrequestsSpent("too many");
      return host === "a" ? "tcp-failure" : { status: 200 };
    };
    await world.run(world.isolate());
    expect(world.overlay().down).toEqual({ "upstreams/1": ["a:80"] });
    expect(world.lines.at(-1)).toMatch(/subrequests are spent; lower HEALTH_CHECK_PROBES/);
    expect(world.clock.now() - start).toBeLessThan(30_000);
  });

  it("is refused while one is under way in the same isolate", async () => {
    const world = await aWorld();
    const isolate = world.isolate();
    const first = world.run(isolate);
    await isolate.run();
    expect(world.lines).toEqual(["health checks: the run before this one is still under way"]);
    await first;
    await world.run(isolate);
    expect(world.lines).toHaveLength(1);
  });

  it("says what is wrong where nothing can be loaded", async () => {
    const world = await aWorld();
    world.source.objects.clear();
    await world.run(world.isolate());
    expect(world.lines).toEqual(["health checks: no configuration could be loaded"]);
  });

  it("writes an overlay that is valid beyond a run that did not come", async () => {
    const world = await aWorld();
    await world.run(world.isolate());
    const { validSeconds, writtenAt } = world.overlay();
    expect(Date.parse(writtenAt) + validSeconds * 1000).toBeGreaterThan(
      world.clock.now() + 2 * 60_000,
    );
  });
});
