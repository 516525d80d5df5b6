import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../exporter/clock.ts";
import { createEtcd3Transport } from "../../../exporter/etcd/etcd3-transport.ts";
import { keysUnder } from "../../../exporter/etcd/key-bytes.ts";
import type { EtcdTransport, Operation } from "../../../exporter/etcd/transport.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { type MirroredOptions, pause, startMirrored } from "../../support/mirrored-etcd.ts";

/** Much at once: of keys, of bytes, in one transaction. */

const MANY = 100_000;
const OPERATIONS_PER_TXN = 5000;

describeWithEtcd("a mirror", () => {
  let etcd: EtcdCluster;
  let filler: EtcdTransport;

  beforeAll(async () => {
    etcd = await startEtcdServer({
      flags: ["--max-txn-ops", "10000", "--max-request-bytes", "8000000"],
    });
    const deps = { clock: systemClock, random: () => 0 };
    filler = createEtcd3Transport({ endpoints: etcd.endpoints, callTimeoutMs: 20_000 }, deps);
  });
  afterAll(async () => {
    filler?.close();
    await etcd?.stop();
  });

  async function start(options: MirroredOptions = {}) {
    const world = await startMirrored(etcd, options);
    onTestFinished(() => world.stop());
    await world.live();
    return world;
  }

  it("reads 100,000 keys, and sees one delete of them all as one change", async () => {
    const { mirror, consumer, prefix, writer } = await start({
      before: async (_, prefix) => {
        for (let from = 0; from < MANY; from += OPERATIONS_PER_TXN) {
          await filler.txn({ compare: [], success: puts(prefix, from, OPERATIONS_PER_TXN) });
        }
      },
    });
    expect(consumer.changes.map(({ cause }) => cause)).toEqual(["base"]);
    expect(consumer.keys().size).toBe(MANY);
    expect(consumer.keys().get(`${prefix}routes/${id(99_999)}`)).toBe(value(99_999));
    expect(mirror.health().keys).toBe(MANY);

    // The keys alone make a response of more than 6 MB.
    const range = keysUnder(prefix);
    await filler.txn({ compare: [], success: [{ do: "delete", ...range }] });
    await until(() => mirror.health().keys === 0, "every delete has arrived");
    await writer.write({ [`${prefix}after`]: "1" });
    await consumer.caughtUp(writer, prefix);
    expect(consumer.changes.map(({ cause }) => cause)).toEqual(["base", "watch", "watch"]);
    expect(consumer.changes[1]?.deletes).toHaveLength(MANY);
    expect(new Set(consumer.changes[1]?.deletes).size).toBe(MANY);
    expect([...consumer.keys()]).toEqual([[`${prefix}after`, "1"]]);
    expect(mirror.health()).toMatchObject({ stalls: 0, resyncs: 0, reconnects: 0 });
  });

  it("takes a transaction of many keys as one change", async () => {
    const { writer, consumer, prefix, mirror, verdict } = await start();
    const stopWriting = writer.keepWriting(2);
    await pause(100);
    const many = Object.fromEntries(
      Array.from({ length: 4000 }, (_, i) => [`${prefix}many/${i}`, `${i}`]),
    );
    const { revision } = await writer.write(many);
    await pause(100);
    await stopWriting();
    expect(await verdict()).toEqual([]);
    const whole = consumer.changes.filter(({ puts }) =>
      puts.some(({ modRevision }) => modRevision === revision),
    );
    expect(whole).toHaveLength(1);
    const together = whole[0]?.puts.filter(({ key }) => key.startsWith(`${prefix}many/`));
    expect(together).toHaveLength(4000);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("takes responses of more than 4 MiB, live, caught up and read", async () => {
    const large = "x".repeat(1_500_000);
    const { writer, proxy, prefix, mirror, consumer, live, verdict } = await start({
      before: async (writer, prefix) => {
        for (let i = 0; i < 4; i++) await writer.write({ [`${prefix}base/${i}`]: `${large}${i}` });
      },
    });
    const keys = (name: string) => [0, 1, 2, 3].map((i) => [`${prefix}${name}/${i}`, large]);
    await writer.write(Object.fromEntries(keys("live")));
    await consumer.caughtUp(writer, prefix);
    proxy.down();
    await until(() => mirror.health().state !== "live", "the loss is noticed");
    for (const [key, text] of keys("behind")) await writer.write({ [`${key}`]: `${text}` });
    proxy.mend();
    await live();
    expect(await verdict()).toEqual([]);
    expect(consumer.keys().size).toBe(12);
    expect(mirror.health()).toMatchObject({ stalls: 0, resyncs: 0 });
  });

  it("sees keys go that expire with their lease", async () => {
    const { direct, consumer, prefix, writer, mirror } = await start();
    const stopWriting = writer.keepWriting(5);
    const { leaseId } = await direct.leaseGrant(2);
    const leased = ["a", "b", "c"].map((name) => `${prefix}leased/${name}`);
    await direct.txn({
      compare: [],
      success: leased.map((key) => ({ do: "put", key, value: "1", leaseId })),
    });
    await until(() => leased.every((key) => consumer.keys().has(key)), "they have come");
    await until(() => leased.every((key) => !consumer.keys().has(key)), "they have gone");
    await stopWriting();
    await consumer.caughtUp(writer, prefix);
    const deletes = consumer.changes.flatMap((change) => change.deletes);
    expect(deletes.filter((key) => leased.includes(key)).sort()).toEqual(leased);
    expect(mirror.health().resyncs).toBe(0);
  });
});

function puts(prefix: string, from: number, count: number): Operation[] {
  return Array.from({ length: count }, (_, i) => {
    const number = from + i;
    return { do: "put", key: `${prefix}routes/${id(number)}`, value: value(number) };
  });
}

/** As long as the ids that tools give to routes. */
function id(number: number): string {
  return `${number}`.padStart(36, "0");
}

function value(number: number): string {
  return `{"uri":"/${number}","upstream_id":"${number % 100}"}`;
}
