import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { pause, startMirrored } from "../../support/mirrored-etcd.ts";

/** The mirror of a cluster of three, under continuous writes, while members and quorum are lost. */

describeWithEtcd("a mirror of a cluster of three", () => {
  let etcd: EtcdCluster;

  beforeAll(async () => {
    etcd = await startEtcdServer({ members: 3, heartbeatMs: 50 });
  });
  afterAll(() => etcd?.stop());

  async function start() {
    const world = await startMirrored(etcd, {
      timing: { progressEveryMs: 500, silenceLimitMs: 1500, createdTimeoutMs: 1000 },
      mirror: { callTimeoutMs: 1000 },
      direct: { callTimeoutMs: 1000 },
    });
    onTestFinished(() => world.stop());
    await world.live();
    return world;
  }

  it("loses nothing when the leader is killed, again and again", async () => {
    const { writer, mirror, consumer, live, verdict } = await start();
    const stopWriting = writer.keepWriting(5);
    for (let kills = 0; kills < 2; kills++) {
      const leader = await etcd.leader();
      const seen = consumer.changes.length;
      await leader.kill();
      await until(() => consumer.changes.length > seen + 10, "changes come from the new leader");
      await leader.start();
      await live();
    }
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("does not take a member without quorum for a living one, and goes on with the others", async () => {
    const { writer, mirror, troubles, live, verdict } = await start();
    const stopWriting = writer.keepWriting(5);
    await pause(200);
    const lost = etcd.members.slice(1);
    for (const member of lost) await member.kill();
    await until(() => mirror.health().state !== "live", "the loss of quorum is noticed");
    await pause(1000);
    expect(mirror.health().state).not.toBe("live");
    await Promise.all(lost.map((member) => member.start()));
    await live();
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
    expect(troubles.map(({ kind }) => kind)).not.toContain("lost");
  });

  it("moves to another member when its own is frozen", async () => {
    const { writer, mirror, consumer, proxies, verdict } = await start();
    const stopWriting = writer.keepWriting(5);
    await pause(200);
    const frozen = await etcd.leader();
    frozen.freeze();
    const seen = consumer.changes.length;
    await until(() => consumer.changes.length > seen + 20, "changes come from another member");
    // And once more, whichever member it went to.
    frozen.thaw();
    for (const proxy of proxies) proxy.reset();
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("finds its way past an endpoint that swallows everything", async () => {
    const world = await start();
    const { proxy: hole, proxies } = world;
    const stopWriting = world.writer.keepWriting(5);
    hole.blackHole();
    const accepted = hole.accepted();
    await until(async () => {
      for (const proxy of proxies) proxy.reset();
      await pause(100);
      return hole.accepted() > accepted;
    }, "the mirror tries the endpoint that swallows everything");
    await world.live();
    await stopWriting();
    expect(await world.verdict()).toEqual([]);
    expect(world.mirror.health().resyncs).toBe(0);
  });
});
