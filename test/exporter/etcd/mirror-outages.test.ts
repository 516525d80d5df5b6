import { it, type TestContext } from "vitest";
import type { EtcdTransport } from "../../../exporter/etcd/transport.ts";
import { splitAtResync, violations, type Writer } from "../../support/etcd-history.ts";
import {
  describeWithEtcd,
  type EtcdMember,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import { type MirroredOptions, pause, startMirrored } from "../../support/mirrored-etcd.ts";

/** The mirror under continuous writes while etcd itself fails, forgets or is exchanged. */

/** An etcd of its own for each test: what happens to it would happen to the others. */
async function open({ onTestFinished }: TestContext) {
  const flags = ["--experimental-watch-progress-notify-interval", "300ms"];
  const etcd = await startEtcdServer({ flags });
  onTestFinished(() => etcd.stop());
  return {
    etcd,
    member: etcd.members[0] as EtcdMember,
    compact: (revision: number) => etcd.ctl(["compact", `${revision}`]),
    start: async (options: MirroredOptions = {}) => {
      const world = await startMirrored(etcd, options);
      onTestFinished(() => world.stop());
      await world.live();
      return world;
    },
  };
}

describeWithEtcd.concurrent("a mirror of an etcd that", () => {
  it("is killed and started again loses nothing", async (context) => {
    const { expect } = context;
    const { member, start } = await open(context);
    const { writer, mirror, random, live, verdict } = await start();
    const stopWriting = writer.keepWriting(2);
    for (let kills = 0; kills < 2; kills++) {
      await pause(100 + random.below(200));
      await member.kill();
      await until(() => mirror.health().state !== "live", "the loss is noticed");
      await member.start();
      await live();
    }
    expect(await stopWriting()).toBeGreaterThan(20);
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("is stopped and continued is found stalled, and loses nothing", async (context) => {
    const { expect } = context;
    const { member, start } = await open(context);
    const { writer, mirror, troubles, live, verdict } = await start({
      timing: { progressEveryMs: 300, silenceLimitMs: 900, createdTimeoutMs: 500 },
    });
    const stopWriting = writer.keepWriting(2);
    await pause(200);
    member.freeze();
    await until(() => mirror.health().stalls > 0, "the stall is found");
    expect(troubles.map(({ kind }) => kind)).toContain("stalled");
    member.thaw();
    await live();
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("compacts while the mirror is disconnected is read again", async (context) => {
    const { expect } = context;
    const { compact, start } = await open(context);
    const { writer, mirror, proxy, prefix, consumer, verdict } = await start();
    const stopWriting = writer.keepWriting(1);
    await until(() => consumer.changes.length > 20, "some changes have come");
    proxy.down();
    await until(() => mirror.health().state !== "live", "the loss is noticed");
    await writer.write({ [`${prefix}gone`]: "1" });
    await writer.write({}, [`${prefix}gone`]);
    await pause(200);
    await compact(writer.history.at(-1)?.revision ?? 0);
    proxy.mend();
    await until(() => mirror.health().resyncs === 1, "the mirror has read again");
    await pause(200);
    await stopWriting();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(1);
    expect(causes(consumer.changes)).toEqual(["base", "watch", "resync", "watch"]);
  });

  it("has moved on too far to catch up with is read again", async (context) => {
    const { expect } = context;
    const { start } = await open(context);
    const { writer, mirror, proxy, consumer, prefix, verdict } = await start({
      timing: { catchUpLimitRevisions: 100 },
    });
    await writer.write({ [`${prefix}routes/1`]: "1" });
    await consumer.caughtUp(writer, prefix);
    proxy.down();
    await until(() => mirror.health().state !== "live", "the loss is noticed");
    for (let i = 0; i < 120; i++) await writer.write({ [`${prefix}routes/2`]: `${i}` });
    proxy.mend();
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(1);
    // The same history: what has not changed is not said again.
    const [last] = consumer.changes.at(-1)?.puts ?? [];
    expect(consumer.changes.at(-1)?.puts).toHaveLength(1);
    expect(last?.key).toBe(`${prefix}routes/2`);
  });

  it("compacts exactly at a delete that the mirror has not seen does not hide the delete", async (context) => {
    const { expect } = context;
    const { compact, start } = await open(context);
    const { writer, mirror, proxy, prefix, consumer, verdict } = await start();
    await writer.write({ [`${prefix}routes/1`]: "1", [`${prefix}routes/2`]: "1" });
    await consumer.caughtUp(writer, prefix);
    proxy.down();
    await until(() => mirror.health().state !== "live", "the loss is noticed");
    const { revision } = await writer.write({}, [`${prefix}routes/1`]);
    await compact(revision);
    proxy.mend();
    await until(() => mirror.health().resyncs === 1, "the mirror has read again");
    expect(await verdict()).toEqual([]);
    expect([...consumer.keys().keys()]).toEqual([`${prefix}routes/2`]);
    expect(consumer.changes.at(-1)).toMatchObject({ puts: [], deletes: [`${prefix}routes/1`] });
  });

  it("is written to between two pages of the first read is read as of one revision", async (context) => {
    const { expect } = context;
    const { start } = await open(context);
    let writer: Writer | undefined;
    let prefix = "";
    let pages = 0;
    const bend = (transport: EtcdTransport): EtcdTransport => ({
      ...transport,
      range: async (request) => {
        const page = await transport.range(request);
        const key = page.kvs.at(-1)?.key;
        if (!request.end || !page.more || !key) return page;
        pages += 1;
        // Behind what has been read, ahead of it, and beyond the end.
        await writer?.write({ [`${prefix}routes/0`]: "n", [`${prefix}routes/99`]: `n${pages}` });
        await writer?.write({ [`${prefix}zzz`]: "n" }, [`${prefix}routes/98`]);
        return page;
      },
    });
    const before = async (early: Writer, its: string) => {
      writer = early;
      prefix = its;
      for (let i = 0; i < 500; i += 100) await early.write(numbered(its, i, i + 100));
    };
    const { mirror, consumer, verdict } = await start({ before, bend });
    expect(pages).toBeGreaterThan(0);
    expect(await verdict()).toEqual([]);
    expect(consumer.changes[0]?.cause).toBe("base");
    expect(mirror.health().resyncs).toBe(0);
  });

  it("compacts in the middle of the first read is read from the start", async (context) => {
    const { expect } = context;
    const { compact, start } = await open(context);
    let compacted = 0;
    const bend = (transport: EtcdTransport): EtcdTransport => ({
      ...transport,
      range: async (request) => {
        const page = await transport.range(request);
        if (!page.more || compacted > 0) return page;
        // The page of 200 keys has 300 keys to follow, at a revision that is gone when they are read.
        compacted = (await transport.txn(elsewhere)).header.revision;
        await compact(compacted);
        return page;
      },
    });
    const before = async (writer: Writer, prefix: string) => {
      for (let i = 0; i < 500; i += 100) await writer.write(numbered(prefix, i, i + 100));
    };
    const { mirror, troubles, consumer, verdict } = await start({ before, bend });
    expect(compacted).toBeGreaterThan(0);
    expect(String(troubles[0]?.error)).toMatch(/compacted/);
    expect(consumer.changes[0]?.puts).toHaveLength(500);
    expect(await verdict()).toEqual([]);
    expect(mirror.health().keys).toBe(500);
  });

  it("compacts while only other prefixes change costs no second read", async (context) => {
    const { expect } = context;
    const { compact, start } = await open(context);
    const { writer, mirror, proxy, prefix, verdict } = await start();
    await writer.write({ [`${prefix}routes/1`]: "1" });
    let revision = 0;
    for (let i = 0; i < 50; i++) revision = (await writer.write({ "/other": `${i}` })).revision;
    await until(() => mirror.health().revision >= revision, "etcd's notice moves the mirror on");
    await compact(revision);
    proxy.reset();
    await until(() => mirror.health().reconnects > 0, "the cut is noticed");
    await writer.write({ [`${prefix}routes/1`]: "2" });
    expect(await verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it.for([
    ["is restored from an older backup", 0],
    ["is restored and written to until its revision is past the mirror's", 400],
  ] as const)("%s is read again, and followed from there", async ([, writes], context) => {
    const { expect } = context;
    const { etcd, start } = await open(context);
    const { writer, mirror, proxy, prefix, consumer, direct, live } = await start();
    let stopWriting = writer.keepWriting(1);
    await pause(200);
    const backup = await etcd.backup();
    const seen = mirror.health().revision;
    await until(() => mirror.health().revision > seen + 50, "more has happened since");
    await stopWriting();
    await consumer.caughtUp(writer, prefix);
    const before = [...writer.history];
    const revisionBefore = mirror.health().revision;

    proxy.down();
    await etcd.restore(backup);
    await writer.forgetAfter(await etcdRevision(direct));
    for (let i = 0; i < writes; i++) await writer.write({ [`${prefix}new`]: `${i}` });
    const last = writer.history.at(-1)?.revision ?? 0;
    expect(last > revisionBefore).toBe(writes > 0);
    proxy.mend();
    await live();
    stopWriting = writer.keepWriting(1);
    await pause(300);
    await stopWriting();
    await consumer.caughtUp(writer, prefix);

    expect(mirror.health().resyncs).toBe(1);
    const [old = [], fresh = []] = splitAtResync(consumer.changes);
    expect(violations(old, before, prefix)).toEqual([]);
    expect(violations(fresh, writer.history, prefix)).toEqual([]);
  });

  it.for([
    ["a key that came", (prefix: string) => [`${prefix}since`, ""]],
    ["one that went", (prefix: string) => ["", `${prefix}old`]],
  ] as const)(
    "is restored to before %s and one that did both, and written to past that, is read again",
    async ([, change], context) => {
      const { expect } = context;
      const { etcd, start } = await open(context);
      const { writer, mirror, proxy, prefix, direct, live, verdict, consumer } = await start();
      await writer.write({ [`${prefix}old`]: "1" });
      const backup = await etcd.backup();
      const [put, deleted] = change(prefix);
      await writer.write(put ? { [put]: "1" } : {}, deleted ? [deleted] : []);
      // The last that the mirror sees leaves no trace: in the restored history there is none of it either.
      await writer.write({ [`${prefix}passing`]: "1" });
      const { revision = 0 } = await writer.write({}, [`${prefix}passing`]);
      await consumer.caughtUp(writer, prefix);

      proxy.down();
      await etcd.restore(backup);
      await writer.forgetAfter(await etcdRevision(direct));
      while (((await writer.write({ "/other": "1" })).revision ?? 0) <= revision);
      proxy.mend();
      await live();
      await until(() => mirror.health().resyncs === 1, "the mirror has read again");
      expect(mirror.health().auditMismatches).toBe(0);
      const [, fresh = []] = splitAtResync(consumer.changes);
      await verdict();
      expect(violations(fresh, writer.history, prefix)).toEqual([]);
    },
  );

  it("is replaced by another cluster while it holds no key is read again as well", async (context) => {
    const { expect } = context;
    const { etcd, start } = await open(context);
    const { writer, mirror, proxy, verdict } = await start();
    const { clusterId, revision } = mirror.health();
    proxy.down();
    await etcd.replace();
    await writer.forgetAfter(0);
    // Neither the revision nor any key can tell the two clusters apart.
    while (((await writer.write({ "/other": "1" })).revision ?? 0) <= revision);
    proxy.mend();
    await until(() => mirror.health().resyncs === 1, "the mirror has read again");
    expect(mirror.health().clusterId).not.toBe(clusterId);
    expect(await verdict()).toEqual([]);
  });

  it("is replaced by another cluster is read again, and followed from there", async (context) => {
    const { expect } = context;
    const { etcd, start } = await open(context);
    const { writer, mirror, prefix, consumer } = await start();
    let stopWriting = writer.keepWriting(1);
    await pause(300);
    await stopWriting();
    await consumer.caughtUp(writer, prefix);
    const before = [...writer.history];
    const { clusterId } = mirror.health();

    await etcd.replace();
    await writer.forgetAfter(0);
    stopWriting = writer.keepWriting(1);
    await until(() => mirror.health().resyncs === 1, "the mirror has read again");
    await pause(300);
    await stopWriting();
    await consumer.caughtUp(writer, prefix);

    expect(mirror.health().clusterId).not.toBe(clusterId);
    const [old = [], fresh = []] = splitAtResync(consumer.changes);
    expect(violations(old, before, prefix)).toEqual([]);
    expect(violations(fresh, writer.history, prefix)).toEqual([]);
  });
});

const elsewhere = {
  compare: [],
  success: [{ do: "put", key: "/elsewhere", value: "1" }],
} as const;

async function etcdRevision(transport: EtcdTransport): Promise<number> {
  return (await transport.range({ key: "/any" })).header.revision;
}

function numbered(prefix: string, from: number, to: number): Record<string, string> {
  const keys: Record<string, string> = {};
  for (let i = from; i < to; i++) keys[`${prefix}routes/${i}`] = `${i}`;
  return keys;
}

/** The causes in order, neighbours that are equal as one. */
function causes(changes: readonly { readonly cause: string }[]): string[] {
  return changes.map(({ cause }) => cause).filter((cause, i, all) => cause !== all[i - 1]);
}
