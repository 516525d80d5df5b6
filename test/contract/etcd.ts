import { noop } from "cockatiel";
import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../exporter/clock.ts";
import { createEtcd3Transport } from "../../exporter/etcd/etcd3-transport.ts";
import { keysUnder } from "../../exporter/etcd/key-bytes.ts";
import type { EtcdTransport, WatchMessage, WatchStream } from "../../exporter/etcd/transport.ts";

/**
 * What the exporter, `etcdctl` and etcd clients rely on, asked of a real etcd and of the embedded one: both
 * must give the same answers. `start` gives a fresh, empty server.
 */
export function etcdContract(
  name: string,
  start: () => Promise<{ readonly endpoint: string; stop(): Promise<void> }>,
): void {
  describe(`${name}, as an etcd`, () => {
    let server: Awaited<ReturnType<typeof start>>;
    let client: Etcd3;
    let transport: EtcdTransport;
    let n = 0;

    beforeAll(async () => {
      server = await start();
      client = new Etcd3({
        hosts: server.endpoint,
        faultHandling: { host: () => noop, global: noop },
      });
      transport = createEtcd3Transport(
        { endpoints: [server.endpoint] },
        { clock, random: Math.random },
      );
    });
    afterAll(async () => {
      transport.close();
      client.close();
      await server.stop();
    });

    /** A prefix of its own for each test. */
    const fresh = () => `/t${++n}/`;
    const put = async (key: string, value: string) =>
      Number((await client.put(key).value(value)).header.revision);
    const list = (prefix: string, more = {}) => transport.range({ ...keysUnder(prefix), ...more });
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

    /** Messages until `count` events have come. */
    async function events(stream: WatchStream, count: number) {
      const messages: WatchMessage[] = [];
      let seen = 0;
      while (seen < count) {
        const message = await stream.next();
        messages.push(message);
        if (message.kind === "events") seen += message.events.length;
      }
      return messages.flatMap((message) => (message.kind === "events" ? [message.events] : []));
    }

    it("gives back what was put, with its revisions", async () => {
      const key = `${fresh()}a`;
      const first = await put(key, "1");
      const second = await put(key, "2");
      expect(second).toBe(first + 1);
      const { kvs, header, count, more } = await transport.range({ key });
      expect(kvs).toMatchObject([
        { key, createRevision: first, modRevision: second, leaseId: "0" },
      ]);
      expect(text(kvs[0]?.value as Uint8Array)).toBe("2");
      expect({ revision: header.revision, count, more }).toEqual({
        revision: second,
        count: 1,
        more: false,
      });
    });

    it("pages a range in byte order, and counts all of it", async () => {
      const prefix = fresh();
      for (const key of ["b", "a", "é", "aa", "A"]) await put(prefix + key, key);
      const page = await list(prefix, { limit: 2 });
      expect(page.kvs.map(({ key }) => key.slice(prefix.length))).toEqual(["A", "a"]);
      expect(page).toMatchObject({ more: true, count: 5 });
      const all = await list(prefix);
      expect(all.kvs.map(({ key }) => key.slice(prefix.length))).toEqual([
        "A",
        "a",
        "aa",
        "b",
        "é",
      ]);
      expect((await list(prefix, { keysOnly: true })).kvs[0]?.value).toHaveLength(0);
    });

    it("reads an older revision as it was, and refuses a later one", async () => {
      const prefix = fresh();
      const first = await put(`${prefix}a`, "1");
      await put(`${prefix}a`, "2");
      await client.delete().key(`${prefix}a`);
      const last = await put(`${prefix}b`, "3");
      const then = await list(prefix, { revision: first });
      expect(then.kvs.map(({ value }) => text(value))).toEqual(["1"]);
      expect((await list(prefix, { revision: last - 1 })).kvs).toEqual([]);
      await expect(list(prefix, { revision: last + 100 })).rejects.toMatchObject({
        kind: "future-revision",
      });
    });

    it("counts a deletion of many as one revision, and none for nothing", async () => {
      const prefix = fresh();
      for (const key of ["a", "b", "c"]) await put(prefix + key, key);
      const before = (await list(prefix)).header.revision;
      const answer = await client.delete().prefix(prefix);
      expect(answer).toMatchObject({ deleted: "3", header: { revision: String(before + 1) } });
      expect((await client.delete().prefix(prefix)).header.revision).toBe(String(before + 1));
    });

    it.each([
      ["a key that is not there", "create", 0, true],
      ["a key that is there", "create", 0, false],
      ["another mod revision", "mod", 1, false],
    ] as const)("compares in a transaction: %s", async (what, target, equals, succeeded) => {
      const key = `${fresh()}k`;
      if (what !== "a key that is not there") await put(key, "held");
      const answer = await transport.txn({
        compare: [{ key, target, equals }],
        success: [{ do: "put", key, value: "won" }],
        failure: [{ do: "get", key }],
      });
      expect(answer.succeeded).toBe(succeeded);
      expect(answer.answers[0]).toMatchObject(
        succeeded ? { did: "put" } : { did: "get", kvs: [{ key }] },
      );
    });

    it("compares the present mod revision, and makes one revision of all writes", async () => {
      const prefix = fresh();
      const held = await put(`${prefix}a`, "1");
      const answer = await transport.txn({
        compare: [{ key: `${prefix}a`, target: "mod", equals: held }],
        success: [
          { do: "put", key: `${prefix}a`, value: "2" },
          { do: "put", key: `${prefix}b`, value: "2" },
          { do: "get", ...keysUnder(prefix) },
        ],
      });
      expect(answer.header.revision).toBe(held + 1);
      expect(answer.answers[2]).toMatchObject({ did: "get", kvs: [{}, {}] });
      expect((await list(prefix)).kvs.map(({ modRevision }) => modRevision)).toEqual([
        held + 1,
        held + 1,
      ]);
    });

    it.each([
      ["a key twice in one transaction", "duplicate key given in txn request", 2],
      ["more than 128 operations", "too many operations in txn request", 129],
    ])("refuses %s", async (what, message, count) => {
      const prefix = fresh();
      const key = (i: number) => (what.startsWith("a key twice") ? prefix : prefix + i);
      const puts = Array.from({ length: count }, (_, i) => client.put(key(i)).value("x"));
      const txn = client
        .if("/none", "Version", "==", 0)
        .then(...puts)
        .commit();
      await expect(txn).rejects.toThrow(message);
    });

    it("refuses an empty key", async () => {
      await expect(client.put("").value("x")).rejects.toThrow("key is not provided");
    });

    it("watches from a revision in the past, each revision whole and in order", async () => {
      const prefix = fresh();
      const first = await put(`${prefix}a`, "1");
      await client
        .if("/none", "Version", "==", 0)
        .then(client.put(`${prefix}b`).value("2"), client.put(`${prefix}c`).value("2"))
        .commit();
      await client.delete().key(`${prefix}a`);
      const stream = await transport.watch({ ...keysUnder(prefix), startRevision: first });
      expect((await stream.next()).kind).toBe("created");
      const seen = (await events(stream, 4)).flat();
      expect(seen.map(({ kind, modRevision }) => [kind, modRevision - first])).toEqual([
        ["put", 0],
        ["put", 1],
        ["put", 1],
        ["delete", 2],
      ]);
      await put(`${prefix}d`, "3");
      const [live] = await events(stream, 1);
      expect(live).toMatchObject([{ kind: "put", key: `${prefix}d`, modRevision: first + 3 }]);
      await put(`${fresh()}other`, "elsewhere");
      stream.requestProgress();
      expect((await stream.next()).kind).toBe("pulse");
      await stream.cancel("done");
    });

    it("waits with a watch for a revision that is still to come", async () => {
      const prefix = fresh();
      const now = await put(`${prefix}a`, "1");
      const stream = await transport.watch({ ...keysUnder(prefix), startRevision: now + 2 });
      await stream.next();
      await put(`${prefix}b`, "2");
      await put(`${prefix}c`, "3");
      const [seen] = await events(stream, 1);
      expect(seen).toMatchObject([{ key: `${prefix}c` }]);
      await stream.cancel("done");
    });

    it("grants, renews and revokes leases; their keys go with them, as deletes", async () => {
      const prefix = fresh();
      const { leaseId, ttlSeconds } = await transport.leaseGrant(60);
      expect(ttlSeconds).toBe(60);
      const write = { do: "put", key: `${prefix}a`, value: "1", leaseId } as const;
      const { header } = await transport.txn({ compare: [], success: [write] });
      expect((await transport.range({ key: `${prefix}a` })).kvs).toMatchObject([{ leaseId }]);
      expect((await transport.leaseKeepAlive(leaseId)).ttlSeconds).toBe(60);
      const stream = await transport.watch({
        ...keysUnder(prefix),
        startRevision: header.revision + 1,
      });
      await stream.next();
      await transport.leaseRevoke(leaseId);
      expect(await events(stream, 1)).toMatchObject([[{ kind: "delete", key: `${prefix}a` }]]);
      await stream.cancel("done");
      await expect(transport.leaseKeepAlive(leaseId)).rejects.toMatchObject({ kind: "not-found" });
      await expect(transport.leaseRevoke(leaseId)).rejects.toMatchObject({ kind: "not-found" });
      const late = transport.txn({ compare: [], success: [write] });
      await expect(late).rejects.toMatchObject({ kind: "not-found" });
    });

    it("lets a key go when its lease expires, but not one that was put again without it", async () => {
      const prefix = fresh();
      const { leaseId } = await transport.leaseGrant(1);
      for (const key of ["a", "b"]) {
        const write = { do: "put", key: prefix + key, value: "1", leaseId } as const;
        await transport.txn({ compare: [], success: [write] });
      }
      await put(`${prefix}b`, "kept");
      const stream = await transport.watch({
        ...keysUnder(prefix),
        startRevision: (await list(prefix)).header.revision + 1,
      });
      await stream.next();
      expect(await events(stream, 1)).toMatchObject([[{ kind: "delete", key: `${prefix}a` }]]);
      await stream.cancel("done");
      expect((await list(prefix)).kvs.map(({ key }) => key)).toEqual([`${prefix}b`]);
    });

    it("takes keys and values of any bytes, and values over a megabyte", async () => {
      const prefix = fresh();
      const value = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i));
      await client
        .put(Buffer.concat([Buffer.from(prefix), Buffer.from([0xff, 0x01])]))
        .value(value);
      const { kvs } = await list(prefix);
      expect(Buffer.from(kvs[0]?.value ?? [])).toEqual(value);
      await client.put(`${prefix}large`).value("x".repeat(1_200_000));
      expect((await transport.range({ key: `${prefix}large` })).kvs[0]?.value).toHaveLength(
        1_200_000,
      );
    });

    it("after a compaction refuses what came before it, and keeps what is", async () => {
      const prefix = fresh();
      const old = await put(`${prefix}a`, "1");
      await put(`${prefix}a`, "2");
      const last = await put(`${prefix}b`, "3");
      await client.kv.compact({ revision: String(last), physical: true });
      await expect(list(prefix, { revision: old })).rejects.toMatchObject({ kind: "compacted" });
      expect((await list(prefix, { revision: last })).kvs).toHaveLength(2);
      const stream = await transport.watch({ ...keysUnder(prefix), startRevision: old });
      const refused = (async () => {
        for (;;) await stream.next();
      })();
      await expect(refused).rejects.toMatchObject({ kind: "compacted" });
      await stream.cancel("done");
    });
  });
}
