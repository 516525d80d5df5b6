import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { EtcdTransport } from "../../../exporter/etcd/transport.ts";
import { type AdminWorld, startAdminWorld } from "../../support/admin-world.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../../support/etcd-server.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

const UPSTREAM = { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } };

let cluster: EtcdCluster;
let worlds: AdminWorld[];

/** Replicas of one exporter: each with an API, locks and a table of its own, on one prefix. */
async function replicas(
  count: number,
  bend?: (transport: EtcdTransport) => EtcdTransport,
): Promise<AdminWorld[]> {
  const first = await startAdminWorld(cluster, bend ? { bend } : {});
  worlds.push(first);
  for (let i = 1; i < count; i++) {
    const { prefix } = first;
    worlds.push(await startAdminWorld(cluster, bend ? { bend, prefix } : { prefix }));
  }
  return worlds;
}

/** Waits a little, seeded, before every call, so that each run interleaves in its own way. */
function staggered(random: { next(): number }): (transport: EtcdTransport) => EtcdTransport {
  const pause = () => new Promise((resolve) => setTimeout(resolve, random.next() * 4));
  return (transport) => ({
    ...transport,
    range: async (request) => {
      await pause();
      return transport.range(request);
    },
    txn: async (request) => {
      await pause();
      return transport.txn(request);
    },
  });
}

describeWithEtcd("writes that meet", () => {
  beforeAll(async () => {
    cluster = await startEtcdServer();
  });
  afterAll(() => cluster.stop());
  beforeEach(() => {
    worlds = [];
  });
  afterEach(async () => {
    await Promise.all(worlds.map((world) => world.stop()));
  });

  it("lose nothing: 50 clients patch fields of one route 20 times each, at two replicas", async () => {
    const [a, b] = (await replicas(2)) as [AdminWorld, AdminWorld];
    await a.call("PUT", "routes/1", { uri: "/a", upstream: UPSTREAM, labels: { z: "z" } });
    const statuses = new Map<number, number>();
    const clients = Array.from({ length: 50 }, async (_, client) => {
      const world = client % 10 === 0 ? b : a;
      for (let turn = 0; turn < 20; turn++) {
        const { status } = await world.call("PATCH", "routes/1", {
          labels: { [`c${client}-${turn}`]: "x" },
        });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    await Promise.all(clients);
    expect([...statuses]).toEqual([[200, 1000]]);
    const { labels } = JSON.parse((await a.stored("routes/1")) as string);
    expect(Object.keys(labels)).toHaveLength(1001);
  }, 120_000);

  it("are told apart by If-Match and If-None-Match", async () => {
    const [world] = (await replicas(1)) as [AdminWorld];
    const route = { uri: "/a", upstream: UPSTREAM };
    const none = { "if-none-match": "*" };
    const created = await world.call("PUT", "routes/1", route, none);
    expect(created.status).toBe(201);
    expect(await world.call("PUT", "routes/1", route, none)).toMatchObject({ status: 412 });
    const first = created.headers.get("etag") as string;
    const patched = await world.call("PATCH", "routes/1", { desc: "1" }, { "if-match": first });
    expect(patched.status).toBe(200);
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const body = method === "DELETE" ? undefined : route;
      const late = await world.call(method, "routes/1", body, { "if-match": first });
      expect(late).toMatchObject({
        status: 412,
        body: { error_msg: expect.stringContaining("its modifiedIndex is") },
      });
    }
    const shown = (await world.call("GET", "routes/1")).body as { modifiedIndex: number };
    const index = String(shown.modifiedIndex);
    const now = { "if-match": index };
    expect(await world.call("PUT", "routes/1", route, now)).toMatchObject({ status: 200 });
    expect(await world.call("DELETE", "routes/1", undefined, now)).toMatchObject({ status: 412 });
    const any = { "if-match": "*" };
    expect(await world.call("DELETE", "routes/1", undefined, any)).toMatchObject({ status: 200 });
    expect(await world.call("PUT", "routes/1", route, any)).toMatchObject({ status: 412 });
  });

  it("of 20 clients that read, count and write with If-Match, count to 20", async () => {
    const [a, b] = (await replicas(2)) as [AdminWorld, AdminWorld];
    await a.call("PUT", "upstreams/1", { ...UPSTREAM, desc: "0" });
    const clients = Array.from({ length: 20 }, async (_, client) => {
      const world = client % 2 ? a : b;
      for (;;) {
        const read = await world.call("GET", "upstreams/1");
        const { value } = read.body as { value: { desc: string } };
        const etag = read.headers.get("etag") as string;
        const body = { desc: String(Number(value.desc) + 1) };
        const { status } = await world.call("PATCH", "upstreams/1", body, { "if-match": etag });
        if (status === 200) return;
        expect(status).toBe(412);
      }
    });
    await Promise.all(clients);
    expect(await a.call("GET", "upstreams/1")).toMatchObject({ body: { value: { desc: "20" } } });
  });

  it.each([
    ["upstreams", UPSTREAM, (id: string) => ({ uri: "/r", upstream_id: id }), "routes"],
    ["services", { upstream: UPSTREAM }, (id: string) => ({ uri: "/r", service_id: id }), "routes"],
    [
      "plugin_configs",
      { plugins: {} },
      (id: string) => ({ uri: "/r", upstream: UPSTREAM, plugin_config_id: id }),
      "routes",
    ],
    ["upstreams", UPSTREAM, (id: string) => ({ upstream_id: id }), "services"],
  ])("leave no dangling id of %s, however a delete and a new user race", async (...row) => {
    const [targets, target, userOf, users] = row;
    const random = seededRandom(runSeed());
    console.log(`seed ${random.seed}`);
    const [a, b] = (await replicas(2, staggered(random))) as [AdminWorld, AdminWorld];
    const seen = new Set<string>();
    for (let round = 0; round < 25; round++) {
      const id = `t${round}`;
      await a.call("PUT", `${targets}/${id}`, target);
      const put = () => a.call("PUT", `${users}/u${round}`, userOf(id));
      const remove = () => b.call("DELETE", `${targets}/${id}`);
      const order = random.chance(0.5) ? [put, remove] : [remove, put];
      const answers = await Promise.all(order.map((each) => each()));
      const [used, removed] = order[0] === put ? answers : answers.toReversed();
      const isThere = (await a.stored(`${targets}/${id}`)) !== undefined;
      const isUsed = (await a.stored(`${users}/u${round}`)) !== undefined;
      expect({ isThere, isUsed }, `round ${round}`).toEqual({
        isThere: removed?.status === 400,
        isUsed: used?.status === 201,
      });
      expect(isUsed && !isThere, `round ${round}: dangling`).toBe(false);
      expect(isThere || !isUsed, `round ${round}: neither was done`).toBe(true);
      seen.add(`${used?.status} ${removed?.status}`);
    }
    expect([...seen].every((pair) => ["201 400", "400 200"].includes(pair))).toBe(true);
  });

  it("see a user whose last write the table has not met yet, and one that is just gone", async () => {
    const [world] = (await replicas(1)) as [AdminWorld];
    for (let round = 0; round < 20; round++) {
      await world.call("PUT", "upstreams/u", UPSTREAM);
      await world.call("PUT", "routes/r", { uri: "/a", upstream_id: "u" });
      expect(await world.call("DELETE", "upstreams/u")).toMatchObject({
        status: 400,
        body: { error_msg: "can not delete this upstream, route [r] is still using it now" },
      });
      await world.call("DELETE", "routes/r");
      expect(await world.call("DELETE", "upstreams/u")).toMatchObject({ status: 200 });
    }
  });

  it("never give two consumers one key, nor two global rules one plugin", async () => {
    const random = seededRandom(runSeed());
    console.log(`seed ${random.seed}`);
    const [a, b] = (await replicas(2, staggered(random))) as [AdminWorld, AdminWorld];
    for (let round = 0; round < 15; round++) {
      const plugins = { "key-auth": { key: `k${round}` } };
      const consumers = await Promise.all([
        a.call("PUT", "consumers", { username: `a${round}`, plugins }),
        b.call("PUT", "consumers", { username: `b${round}`, plugins }),
      ]);
      expect(consumers.map(({ status }) => status).sort()).toEqual([201, 400]);
      const rules = await Promise.all([
        a.call("PUT", "global_rules/a", { plugins: { cors: {} } }),
        b.call("PUT", "global_rules/b", { plugins: { cors: {} } }),
      ]);
      expect(rules.map(({ status }) => status).sort()).toEqual([201, 400]);
      await a.call("DELETE", "global_rules/a");
      await a.call("DELETE", "global_rules/b");
    }
  });
});
