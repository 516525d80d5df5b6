import { afterAll, beforeAll, it, type TestContext } from "vitest";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { type MirroredOptions, pause, startMirrored } from "../../support/mirrored-etcd.ts";

/** The mirror under continuous writes while the network between it and etcd fails. */

describeWithEtcd.concurrent("a mirror whose connection", () => {
  let etcd: EtcdCluster;

  beforeAll(async () => {
    etcd = await startEtcdServer();
  });
  afterAll(() => etcd?.stop());

  async function start({ onTestFinished }: TestContext, options: MirroredOptions = {}) {
    const world = await startMirrored(etcd, options);
    onTestFinished(() => world.stop());
    await world.live();
    return world;
  }

  it("is cut or reset loses nothing", async (context) => {
    const { expect } = context;
    const { writer, proxy, mirror, random, live, verdict } = await start(context);
    const stopWriting = writer.keepWriting(2);
    for (let cuts = 0; cuts < 6; cuts++) {
      await pause(20 + random.below(60));
      if (cuts % 2 === 0) proxy.cut();
      else proxy.reset();
      await until(() => mirror.health().reconnects > cuts, "the cut is noticed");
      await live();
    }
    expect(await stopWriting()).toBeGreaterThan(50);
    expect(await verdict()).toEqual([]);
    expect(mirror.health()).toMatchObject({ resyncs: 0, state: "stopped" });
  });

  it("flaps loses nothing", async (context) => {
    const { expect } = context;
    const { writer, proxy, mirror, random, verdict } = await start(context);
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

  it("is cut while it catches up far behind goes on where it was", async (context) => {
    const { expect } = context;
    const { writer, proxy, mirror, verdict, prefix } = await start(context);
    proxy.down();
    for (let i = 0; i < 1500; i++) await writer.write({ [`${prefix}deep`]: `${i}` });
    // Each new stream is given up after its first messages, in the middle of the catch-up.
    proxy.mend();
    const before = mirror.health().revision;
    await until(() => mirror.health().revision > before, "the catch-up has begun");
    proxy.reset();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it.for(["blackHole", "halfOpen"] as const)(
    "falls silent (%s) is found stalled within 10 s and replaced",
    async (fault, context) => {
      const { expect } = context;
      const { writer, proxy, mirror, troubles, live, verdict } = await start(context);
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
      await live();
      await stopWriting();
      expect(await verdict()).toEqual([]);
      expect(mirror.health()).toMatchObject({ stalls: 1, resyncs: 0 });
    },
  );

  it("is black-holed before the handshake heals itself", async (context) => {
    const { expect } = context;
    const { writer, proxy, mirror, live, verdict } = await start(context);
    const stopWriting = writer.keepWriting(10);
    proxy.blackHole();
    const accepted = proxy.accepted();
    // The old connections are told, new ones are accepted and then never hear a word.
    proxy.reset();
    await until(() => proxy.accepted() > accepted + 1, "two attempts have gone into the hole");
    proxy.mend();
    await live();
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("carries more than its consumer can take is paused, not stalled", async (context) => {
    const { expect } = context;
    let isSlow = false;
    const { writer, mirror, verdict } = await start(context, {
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
