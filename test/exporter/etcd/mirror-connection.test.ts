import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
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
    const { mirror } = world;
    await until(() => mirror.health().state === "live", "the mirror is live");
    const [proxy] = world.proxies;
    if (!proxy) throw new Error("no proxy");
    return { ...world, proxy };
  }

  it("is cut loses nothing", async () => {
    const { writer, proxy, mirror, random, verdict } = await start();
    const stopWriting = writer.keepWriting(2);
    for (let i = 0; i < 6; i++) {
      await until(() => mirror.health().state === "live", "the mirror is live again");
      await pause(50 + random.below(100));
      if (i % 2 === 0) proxy.cut();
      else proxy.reset();
    }
    expect(await stopWriting()).toBeGreaterThan(50);
    expect(await verdict()).toEqual([]);
    expect(mirror.health()).toMatchObject({ resyncs: 0, state: "stopped" });
    expect(mirror.health().reconnects).toBeGreaterThanOrEqual(6);
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
