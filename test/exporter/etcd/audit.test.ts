import { afterAll, beforeAll, it, type TestContext } from "vitest";
import type {
  EtcdTransport,
  RangeRequest,
  WatchMessage,
  WatchStream,
} from "../../../exporter/etcd/transport.ts";
import { splitAtResync, violations } from "../../support/etcd-history.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { pause, startMirrored } from "../../support/mirrored-etcd.ts";

/** Releases of etcd that lose events say nothing; only a comparison with what etcd holds finds it. */

const timing = { auditEveryMs: 300, progressEveryMs: 100, silenceLimitMs: 3000 };

describeWithEtcd.concurrent("the audit", () => {
  let etcd: EtcdCluster;

  beforeAll(async () => {
    etcd = await startEtcdServer();
  });
  afterAll(() => etcd?.stop());

  async function start(
    { onTestFinished }: TestContext,
    bend: (transport: EtcdTransport) => EtcdTransport,
  ) {
    const world = await startMirrored(etcd, { timing, bend });
    onTestFinished(() => world.stop());
    await world.live();
    return world;
  }

  it.for([
    ["put", false],
    ["put of a new key", true],
    ["delete", false],
  ] as const)("finds a lost %s and has everything read again", async ([what, isNew], context) => {
    const { expect } = context;
    const lost = "routes/lost";
    let isLossy = false;
    const world = await start(context, (transport) =>
      forgetful(transport, (key) => isLossy && key.endsWith(lost)),
    );
    const { writer, prefix, mirror, consumer, troubles } = world;
    if (!isNew) await writer.write({ [`${prefix}${lost}`]: "before" });
    await consumer.caughtUp(writer, prefix);
    const stopWriting = writer.keepWriting(5);
    isLossy = true;
    if (what === "delete") await writer.write({}, [`${prefix}${lost}`]);
    else await writer.write({ [`${prefix}${lost}`]: "after" });
    await until(() => mirror.health().resyncs > 0, "the audit finds it");
    isLossy = false;
    await stopWriting();
    await consumer.caughtUp(writer, prefix);
    expect(mirror.health()).toMatchObject({ auditMismatches: 1, resyncs: 1 });
    expect(String(troubles[0]?.error)).toMatch(/the audit at .*routes\/lost/);
    const [, fresh = []] = splitAtResync(consumer.changes);
    expect(violations(fresh, writer.history, prefix)).toEqual([]);
  });

  it.for(["listing", "watch"] as const)(
    "finds nothing where nothing is wrong, even when the %s comes late",
    async (late, context) => {
      const { expect } = context;
      let listings = 0;
      const world = await start(context, (transport) => ({
        ...transport,
        range: async (request) => {
          const answer = await transport.range(request);
          if (!isListing(request)) return answer;
          listings += 1;
          await pause(late === "listing" ? 60 : 0);
          return answer;
        },
        watch: async (request) => {
          const stream = await transport.watch(request);
          return late === "watch" ? delayed(stream, 200) : stream;
        },
      }));
      const stopWriting = world.writer.keepWriting(25);
      await until(() => listings >= 5, "five audits have begun");
      await stopWriting();
      expect(await world.verdict()).toEqual([]);
      expect(world.mirror.health()).toMatchObject({ auditMismatches: 0, resyncs: 0 });
    },
  );

  it("that fails is reported, and the mirror goes on", async (context) => {
    const { expect } = context;
    const world = await start(context, (transport) => ({
      ...transport,
      range: (request) => {
        if (!isListing(request)) return transport.range(request);
        return Promise.reject(new Error("no listing today"));
      },
    }));
    await until(() => world.troubles.length > 1, "two audits have failed");
    expect(world.troubles[0]?.kind).toBe("audit failed");
    expect(world.mirror.health()).toMatchObject({ state: "live", reconnects: 0 });
    expect(await world.verdict()).toEqual([]);
  });
});

/** Of an audit; to prove that the history is ours, the keys are counted only. */
function isListing({ keysOnly, end, limit }: RangeRequest): boolean {
  return keysOnly === true && end !== undefined && limit !== 1;
}

/** A stream whose every message comes later by `ms`, without keeping up those after it. */
function delayed(stream: WatchStream, ms: number): WatchStream {
  const lookahead = 50;
  const coming: Promise<WatchMessage>[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const fetch = () => {
    const message = last.then(() => stream.next());
    last = message;
    const late = message.then(async (arrived) => {
      await pause(ms);
      return arrived;
    });
    late.catch(() => {});
    return late;
  };
  const next = (): Promise<WatchMessage> => {
    while (coming.length < lookahead) coming.push(fetch());
    return coming.shift() ?? fetch();
  };
  return { ...stream, next };
}

/** etcd with a bug: events of the keys that `isLost` names never arrive. */
function forgetful(transport: EtcdTransport, isLost: (key: string) => boolean): EtcdTransport {
  const without = (message: WatchMessage): WatchMessage => {
    if (message.kind !== "events") return message;
    return { ...message, events: message.events.filter(({ key }) => !isLost(key)) };
  };
  return {
    ...transport,
    watch: async (request) => {
      const stream = await transport.watch(request);
      return { ...stream, next: async () => without(await stream.next()) };
    },
  };
}
