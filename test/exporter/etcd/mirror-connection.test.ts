import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Mirror } from "../../../exporter/etcd/keyspace.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { type MirroredEtcd, startMirrored } from "../../support/mirrored-etcd.ts";

/** The mirror under continuous writes while the network between it and etcd fails. */

describeWithEtcd("a mirror whose connection", () => {
  let etcd: EtcdCluster;
  let world: MirroredEtcd | undefined;

  beforeAll(async () => {
    etcd = await startEtcdServer();
  });
  afterAll(() => etcd?.stop());
  afterEach(() => world?.stop());

  async function start(options: Parameters<typeof startMirrored>[1] = {}) {
    world = await startMirrored(etcd, options);
    await live(world.mirror);
    const [proxy] = world.proxies;
    if (!proxy) throw new Error("no proxy");
    return { ...world, proxy };
  }

  it("is cut or reset loses nothing", async () => {
    const { writer, proxy, mirror, random, verdict } = await start();
    const stopWriting = writer.keepWriting(2);
    for (let cuts = 0; cuts < 6; cuts++) {
      await pause(20 + random.below(60));
      if (cuts % 2 === 0) proxy.cut();
      else proxy.reset();
      await until(() => mirror.health().reconnects > cuts, "the cut is noticed");
      await live(mirror);
    }
    expect(await stopWriting()).toBeGreaterThan(50);
    expect(await verdict()).toEqual([]);
    expect(mirror.health()).toMatchObject({ resyncs: 0, state: "stopped" });
  });

  it("flaps loses nothing", async () => {
    const { writer, proxy, mirror, random, verdict } = await start();
    const stopWriting = writer.keepWriting(1);
    for (let burst = 0; burst < 40; burst++) {
      await pause(random.below(60));
      proxy.reset();
    }
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
    expect(mirror.health().reconnects).toBeGreaterThan(2);
  });

  it("is cut while it catches up far behind goes on where it was", async () => {
    const { writer, proxy, mirror, verdict } = await start();
    proxy.down();
    for (let i = 0; i < 1500; i++) await writer.write({ [`${world?.prefix}deep`]: `${i}` });
    // Each new stream is given up after its first messages, in the middle of the catch-up.
    proxy.mend();
    const before = mirror.health().revision;
    await until(() => mirror.health().revision > before, "the catch-up has begun");
    proxy.reset();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it.each(["blackHole", "halfOpen"] as const)(
    "falls silent (%s) is found stalled within 10 s and replaced",
    async (fault) => {
      const { writer, proxy, mirror, troubles, verdict } = await start();
      const stopWriting = writer.keepWriting(10);
      await pause(200);
      const since = Date.now();
      proxy[fault]();
      await until(() => mirror.health().state === "stalled", "the stall is found", 10_000);
      expect(Date.now() - since).toBeLessThan(10_000);
      expect(mirror.health()).toMatchObject({ stalls: 1, resyncs: 0 });
      expect(mirror.health().lastError?.message).toMatch(/no word from etcd/);
      expect(troubles.at(-1)?.kind).toBe("stalled");
      proxy.mend();
      await live(mirror);
      await stopWriting();
      expect(await verdict()).toEqual([]);
      expect(mirror.health()).toMatchObject({ stalls: 1, resyncs: 0 });
    },
  );

  it("is black-holed before the handshake heals itself", async () => {
    const { writer, proxy, mirror, verdict } = await start();
    const stopWriting = writer.keepWriting(10);
    proxy.blackHole();
    const accepted = proxy.accepted();
    // The old connections are told, new ones are accepted and then never hear a word.
    proxy.reset();
    await until(() => proxy.accepted() > accepted + 1, "two attempts have gone into the hole");
    proxy.mend();
    await live(mirror);
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("carries more than its consumer can take is paused, not stalled", async () => {
    let isSlow = false;
    const { writer, mirror, verdict } = await start({
      timing: { progressEveryMs: 100, silenceLimitMs: 300 },
      beforeEach: () => pause(isSlow ? 600 : 0),
    });
    isSlow = true;
    const stopWriting = writer.keepWriting(2);
    await pause(2500);
    isSlow = false;
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health()).toMatchObject({ stalls: 0, reconnects: 0 });
  });
});

async function live(mirror: Mirror): Promise<void> {
  const what = () => `the mirror is live; it is ${JSON.stringify(mirror.health())}`;
  await until(() => mirror.health().state === "live", what);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
