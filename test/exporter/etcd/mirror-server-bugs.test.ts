import { afterAll, beforeAll, it, type TestContext } from "vitest";
import type { EtcdTransport, WatchMessage } from "../../../exporter/etcd/transport.ts";
import { splitAtResync, violations } from "../../support/etcd-history.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { pause, startMirrored } from "../../support/mirrored-etcd.ts";

/**
 * What some releases of etcd do wrong, done to the messages of a real one. What they lose without a trace
 * is in audit.test.ts.
 */

describeWithEtcd.concurrent("a mirror of an etcd that", () => {
  let etcd: EtcdCluster;

  beforeAll(async () => {
    etcd = await startEtcdServer();
  });
  afterAll(() => etcd?.stop());

  async function start(
    { onTestFinished }: TestContext,
    twist: (message: WatchMessage) => readonly WatchMessage[],
  ) {
    const bend = (transport: EtcdTransport) => twisted(transport, twist);
    const world = await startMirrored(etcd, { bend });
    onTestFinished(() => world.stop());
    await world.live();
    return world;
  }

  it("answers for revisions that it has not sent yet (#15220) loses nothing", async (context) => {
    const { expect } = context;
    const { writer, mirror, verdict } = await start(context, (message) =>
      message.kind === "events" ? [{ kind: "pulse", header: message.header }, message] : [message],
    );
    const stopWriting = writer.keepWriting(2);
    await pause(500);
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health()).toMatchObject({ resyncs: 0, reconnects: 0 });
  });

  it("sends old events again (#15271) doubles nothing", async (context) => {
    const { expect } = context;
    const sent: WatchMessage[] = [];
    const { writer, mirror, verdict } = await start(context, (message) => {
      if (message.kind === "events") sent.push(message);
      return [message, ...sent.slice(-3, -1)];
    });
    const stopWriting = writer.keepWriting(2);
    await pause(500);
    await stopWriting();
    expect(sent.length).toBeGreaterThan(10);
    expect(await verdict()).toEqual([]);
    expect(mirror.health()).toMatchObject({ resyncs: 0, reconnects: 0 });
  });

  it("sends revisions out of order is read again", async (context) => {
    const { expect } = context;
    let isBroken = false;
    const world = await start(context, (message) => {
      const isTwisted = isBroken && message.kind === "events" && message.events.length > 1;
      return isTwisted ? [{ ...message, events: message.events.toReversed() }] : [message];
    });
    const { writer, mirror, proxy, prefix, consumer, troubles } = world;
    await writer.write({ [`${prefix}routes/1`]: "1" });
    await consumer.caughtUp(writer, prefix);
    isBroken = true;
    proxy.down();
    await until(() => mirror.health().state !== "live", "the loss is noticed");
    for (let i = 2; i < 6; i++) await writer.write({ [`${prefix}routes/1`]: `${i}` });
    proxy.mend();
    await until(() => mirror.health().resyncs === 1, "the mirror has read again");
    isBroken = false;
    await consumer.caughtUp(writer, prefix);
    const [, fresh = []] = splitAtResync(consumer.changes);
    expect(violations(fresh, writer.history, prefix)).toEqual([]);
    expect(troubles.map(({ error }) => String(error)).join()).toMatch(/revision \d+ came after/);
  });
});

/** The transport with every message of its streams replaced by what `twist` makes of it. */
function twisted(
  transport: EtcdTransport,
  twist: (message: WatchMessage) => readonly WatchMessage[],
): EtcdTransport {
  return {
    ...transport,
    watch: async (request) => {
      const stream = await transport.watch(request);
      const ready: WatchMessage[] = [];
      const next = async (): Promise<WatchMessage> => {
        const first = ready.shift();
        if (first) return first;
        ready.push(...twist(await stream.next()));
        return next();
      };
      return { ...stream, next };
    },
  };
}
