import { afterAll, beforeAll, it, type TestContext } from "vitest";
import { monotonicNow, systemClock } from "../../../exporter/clock.ts";
import { type Campaign, createElection, LOCK_PREFIX } from "../../../exporter/etcd/election.ts";
import { createEtcd3Transport } from "../../../exporter/etcd/etcd3-transport.ts";
import type { EtcdTransport } from "../../../exporter/etcd/transport.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { pause } from "../../support/mirrored-etcd.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

/** Candidates on a real etcd, each behind a connection of its own. */

const TTL_SECONDS = 4;
/** Longer than a restart of etcd takes on a busy machine: a leader's patience is most of its TTL. */
const TTL_OVER_A_RESTART_SECONDS = 30;

interface Candidate {
  readonly campaign: Campaign;
  readonly proxy: TcpProxy;
  readonly transport: EtcdTransport;
}

describeWithEtcd.concurrent("an election", () => {
  let etcd: EtcdCluster;
  let elections = 0;

  beforeAll(async () => {
    etcd = await startEtcdServer();
  });
  afterAll(() => etcd?.stop());

  async function candidates(
    { onTestFinished }: TestContext,
    count: number,
    server = etcd,
    ttlSeconds = TTL_SECONDS,
  ) {
    const random = seededRandom(runSeed());
    console.log(`seed ${random.seed}`);
    const namespace = `ns-${++elections}`;
    const all: Candidate[] = [];
    for (let i = 0; i < count; i++) {
      const proxy = await startTcpProxy(server.members[0]?.port ?? 0);
      const endpoints = [`http://127.0.0.1:${proxy.port}`];
      const deps = { clock: systemClock, random: random.next };
      const transport = createEtcd3Transport({ endpoints, callTimeoutMs: 500 }, deps);
      onTestFinished(async () => {
        transport.close();
        await proxy.close();
      });
      const by = `candidate ${i}`;
      const more = { monotonicNow, namespace, by, transport, ttlSeconds };
      all.push({ campaign: createElection({ ...deps, ...more }), proxy, transport });
    }
    const [first, second] = all as [Candidate, Candidate];
    return { all, first, second, random, lock: `${LOCK_PREFIX}${namespace}` };
  }

  const forever = new AbortController().signal;

  it("makes the second candidate wait until the first resigns, then hands over at once", async (context) => {
    const { expect } = context;
    const { first, second } = await candidates(context, 2);
    const leader = await first.campaign(forever);
    let next: Awaited<ReturnType<Campaign>>;
    const waiting = second.campaign(forever).then((won) => {
      next = won;
    });
    await pause(TTL_SECONDS * 1000 + 500);
    expect(next).toBeUndefined();
    expect(leader?.signal.aborted).toBe(false);

    await leader?.resign();
    expect(String(leader?.signal.reason)).toMatch(/resigned/);
    await waiting;
    expect(next?.fence.clusterId).toBe(leader?.fence.clusterId);
    expect(next?.fence.token).toBeGreaterThan(leader?.fence.token ?? Infinity);
    await next?.resign();
  });

  it("tells a leader that is cut off before another can lead", async (context) => {
    const { expect } = context;
    const { first, second } = await candidates(context, 2);
    const leader = await first.campaign(forever);
    let toldAt = Infinity;
    leader?.signal.addEventListener("abort", () => {
      toldAt = monotonicNow();
    });
    first.proxy.blackHole();
    const next = await second.campaign(forever);
    expect(toldAt).toBeLessThan(monotonicNow());
    expect(String(leader?.signal.reason)).toMatch(/no renewal was answered in time/);
    expect(next?.fence.token).toBeGreaterThan(leader?.fence.token ?? Infinity);
    await next?.resign();
  });

  it("has the lock again as soon as etcd is there, when it was lost to an outage", async (context) => {
    const { expect } = context;
    const { first, second, lock } = await candidates(context, 2);
    const leader = await first.campaign(forever);
    const [held] = (await second.transport.range({ key: lock })).kvs;
    // Kept alive for ever: to wait until it ends is no way.
    const over = new AbortController();
    const keeping = (async () => {
      while (!over.signal.aborted) {
        await second.transport.leaseKeepAlive(held?.leaseId as string).catch(() => {});
        await systemClock.sleep(500, over.signal);
      }
    })();
    first.proxy.blackHole();
    await until(() => leader?.signal.aborted === true, "the leader is told");
    first.proxy.mend();
    const next = await first.campaign(AbortSignal.timeout(20_000));
    expect(next?.fence.token).toBeGreaterThan(leader?.fence.token ?? Infinity);
    over.abort();
    await keeping;
    await next?.resign();
  });

  it("tells a leader whose lock was taken away", async (context) => {
    const { expect } = context;
    const { first, lock } = await candidates(context, 2);
    const leader = await first.campaign(forever);
    await etcd.ctl(["del", lock]);
    await until(() => leader?.signal.aborted === true, "the leader is told");
    expect(String(leader?.signal.reason)).toMatch(/no longer ours/);
    await leader?.resign();
  });

  it("never has two leaders, whatever happens to their connections", async (context) => {
    const { expect } = context;
    const { all, random } = await candidates(context, 3);
    const reigns: { from: number; to: number; token: number }[] = [];
    const over = new AbortController();
    const running = all.map(async ({ campaign }) => {
      for (;;) {
        const leader = await campaign(over.signal);
        if (!leader) return;
        const reign = { from: monotonicNow(), to: Infinity, token: leader.fence.token };
        reigns.push(reign);
        const ended = AbortSignal.any([leader.signal, over.signal]);
        await systemClock.sleep(100 + random.below(700), ended);
        reign.to = monotonicNow();
        await leader.resign();
      }
    });
    for (let i = 0; i < 12; i++) {
      await pause(random.below(600));
      const { proxy } = random.pick(all);
      if (random.chance(0.5)) proxy.reset();
      else {
        proxy.blackHole();
        // Long enough, now and then, for the lease to end.
        void systemClock.sleep(random.below(TTL_SECONDS * 1750)).then(() => proxy.mend());
      }
    }
    await until(() => reigns.length > 4, "several have led");
    over.abort();
    await Promise.all(running);

    reigns.sort((a, b) => a.token - b.token);
    for (const [i, reign] of reigns.entries()) {
      expect(reign.from).toBeGreaterThanOrEqual(reigns[i - 1]?.to ?? 0);
    }
  });

  it("keeps its leader through a restart of etcd", async (context) => {
    const { expect } = context;
    const own = await startEtcdServer();
    context.onTestFinished(() => own.stop());
    const { first, second } = await candidates(context, 2, own, TTL_OVER_A_RESTART_SECONDS);
    const leader = await first.campaign(forever);
    const stopping = new AbortController();
    const other = second.campaign(stopping.signal);
    await own.members[0]?.kill();
    expect(await leader?.confirm()).toBe(false);
    await own.members[0]?.start();
    await until(async () => (await leader?.confirm()) === true, "the leader is confirmed");
    expect(leader?.signal.aborted).toBe(false);
    stopping.abort();
    expect(await other).toBeUndefined();
    await leader?.resign();
  });

  it("leaves nothing behind when a campaign is given up", async (context) => {
    const { expect } = context;
    const own = await startEtcdServer();
    context.onTestFinished(() => own.stop());
    const { first, second, lock } = await candidates(context, 2, own);
    const leader = await first.campaign(forever);
    expect(await second.campaign(AbortSignal.timeout(300))).toBeUndefined();
    await leader?.resign();
    expect((await first.transport.range({ key: lock })).kvs).toEqual([]);
    expect(await own.ctl(["lease", "list"])).toMatch(/found 0 leases/);
  });
});
