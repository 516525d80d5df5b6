import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Guards } from "../../../exporter/admin/guards.ts";
import { ApplyFailed, applyPlan, Overtaken } from "../../../exporter/apply/apply.ts";
import { EVERY_KIND, NO_KIND, planChanges } from "../../../exporter/apply/plan.ts";
import { readConfiguration } from "../../../exporter/apply/stored-configuration.ts";
import { MOST_OPERATIONS } from "../../../exporter/apply/transactions.ts";
import { fieldCipher } from "../../../exporter/encryption/field-cipher.ts";
import { Keyring } from "../../../exporter/encryption/keyring.ts";
import {
  EtcdError,
  type EtcdTransport,
  type TxnRequest,
} from "../../../exporter/etcd/transport.ts";
import { type ApplyWorld, openApplyWorld, wantedOf } from "../../support/apply-world.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../../support/etcd-server.ts";

const signal = new AbortController().signal;
const route = (id: string, more: object = {}) => ({ id, uri: `/${id}`, ...more });

describeWithEtcd("a configuration that is written as a whole", () => {
  let cluster: EtcdCluster;
  let world: ApplyWorld;

  beforeAll(async () => {
    cluster = await startEtcdServer();
    world = openApplyWorld(cluster.endpoints[0] as string);
  });
  beforeEach(() => world.clear());
  afterAll(async () => {
    world.transport.close();
    await cluster.stop();
  });

  const plan = async (lists: Readonly<Record<string, readonly object[]>>, prune = EVERY_KIND) =>
    planChanges(wantedOf(lists), await readConfiguration(world.deps, signal), { prune });

  /** The real transport, with `before` called with each transaction, and `after` when it is done. */
  function spying(options: {
    readonly before?: (txn: TxnRequest, count: number) => Promise<void>;
    readonly after?: (count: number) => void;
  }): Pick<EtcdTransport, "txn" | "range"> {
    let count = 0;
    return {
      range: (request) => world.transport.range(request),
      txn: async (request) => {
        count += 1;
        await options.before?.(request, count);
        const answer = await world.transport.txn(request);
        options.after?.(count);
        return answer;
      },
    };
  }

  it("has the values that the Admin API would have stored, and keeps the time of creation", async () => {
    await world.put("routes/a", { ...route("a"), create_time: 5, update_time: 6 });
    const lists = {
      routes: [route("a", { desc: "new", create_time: 1 }), { ...route("b"), id: 7 }],
      consumers: [
        { username: "jack", id: "jack" },
        { id: "jack/credentials/c1", plugins: {} },
      ],
      plugin_metadata: [{ id: "http-logger", log_format: { host: "$host" } }],
      secrets: [{ id: "vault/1", uri: "http://v.test", prefix: "p", token: "t" }],
    };
    const report = await applyPlan(await plan(lists), world.deps);
    expect(report).toMatchObject({ updated: ["routes/a"], deleted: [], transactions: 1 });
    expect(report.created.toSorted()).toEqual([
      "consumers/jack",
      "consumers/jack/credentials/c1",
      "plugin_metadata/http-logger",
      "routes/7",
      "secrets/vault/1",
    ]);
    const now = Math.floor(Date.now() / 1000);
    const updated = await world.value("routes/a");
    expect(updated).toMatchObject({ id: "a", desc: "new", create_time: 5 });
    expect(Math.abs((updated?.update_time as number) - now)).toBeLessThan(60);
    const created = await world.value("routes/7");
    expect(created).toMatchObject({ id: 7, create_time: created?.update_time });
    const consumer = await world.value("consumers/jack");
    expect(Object.keys(consumer ?? {}).sort()).toEqual(["create_time", "update_time", "username"]);
    expect(await world.value("consumers/jack/credentials/c1")).toMatchObject({ id: "c1" });
    expect(await world.value("plugin_metadata/http-logger")).toEqual({
      id: "http-logger",
      log_format: { host: "$host" },
    });
    expect(await world.value("secrets/vault/1")).toMatchObject({ id: "vault/1" });
    expect((await plan(lists)).changes).toEqual([]);
  });

  it("takes 1,000 resources in a few transactions within etcd's limits, and not one the second time", async () => {
    const many = { routes: Array.from({ length: 1000 }, (_, i) => route(`r${i}`)) };
    const sizes: number[] = [];
    const transport = spying({
      before: async ({ compare, success }) => {
        sizes.push(Math.max(compare.length, success.length));
      },
    });
    const report = await applyPlan(await plan(many), { ...world.deps, transport });
    expect(report.created).toHaveLength(1000);
    expect(report.transactions).toBe(sizes.length);
    expect(sizes.length).toBeLessThan(12);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MOST_OPERATIONS);
    expect(await plan(many)).toEqual({ changes: [], unchanged: 1000 });
    const gone = await applyPlan(await plan({ routes: [route("r1")] }), world.deps);
    expect(gone).toMatchObject({ created: [], updated: [], unchanged: 1 });
    expect(gone.deleted).toHaveLength(999);
    expect((await world.keys()).size).toBe(1);
  });

  it("spreads large values over transactions that a request may be as large as", async () => {
    const desc = "x".repeat(250_000);
    const large = { routes: Array.from({ length: 12 }, (_, i) => route(`r${i}`, { desc })) };
    const report = await applyPlan(await plan(large), world.deps);
    expect(report.transactions).toBe(3);
    expect((await world.keys()).size).toBe(12);
  });

  it("is stopped by a value that etcd refuses, and tells what was done before", async () => {
    const lists = {
      upstreams: [{ id: "u", type: "roundrobin", nodes: {} }],
      routes: [route("a", { desc: "x".repeat(2_000_000) })],
    };
    const failed = await applyPlan(await plan(lists), world.deps).catch((error) => error);
    expect(failed).toBeInstanceOf(ApplyFailed);
    expect(failed.report).toMatchObject({ created: ["upstreams/u"], transactions: 1 });
    expect([...(await world.keys()).keys()]).toEqual(["/apisix/upstreams/u"]);
  });

  it("puts what is referred to first, and takes it away last", async () => {
    const order: string[] = [];
    const transport = spying({
      before: async ({ success }) => {
        for (const operation of success) order.push(operation.key.slice("/apisix/".length));
      },
    });
    const lists = {
      routes: [route("a", { service_id: "s" })],
      services: [{ id: "s", upstream_id: "u" }],
      upstreams: [{ id: "u", type: "roundrobin", nodes: {} }],
    };
    await applyPlan(await plan(lists), { ...world.deps, transport });
    await applyPlan(await plan({}), { ...world.deps, transport });
    const there = ["upstreams/u", "services/s", "routes/a"];
    expect(order).toEqual([...there, ...there.toReversed()]);
  });

  it("leaves alone what is not to be pruned, and all that is no resource", async () => {
    await world.put("routes/", "init_dir");
    await world.put("routes/old", route("old"));
    await world.put("services/s", { id: "s" });
    await world.put("services/s/graphql_cost_decorations/1", {});
    await world.put("gen_id", "1");
    await applyPlan(await plan({ routes: [route("a")] }, NO_KIND), world.deps);
    expect((await world.keys()).size).toBe(6);
    const only = new Set(["routes"] as const);
    await applyPlan(await plan({ routes: [route("a")] }, only), world.deps);
    expect([...(await world.keys()).keys()]).toEqual([
      "/apisix/gen_id",
      "/apisix/routes/",
      "/apisix/routes/a",
      "/apisix/services/s",
      "/apisix/services/s/graphql_cost_decorations/1",
    ]);
    await applyPlan(await plan({}), world.deps);
    expect([...(await world.keys()).keys()]).toEqual(["/apisix/gen_id", "/apisix/routes/"]);
  });

  it("wins over who writes the same keys meanwhile, and counts that", async () => {
    await world.put("routes/a", route("a"));
    await world.put("routes/gone", route("gone"));
    const lists = {
      routes: [route("a", { desc: "mine" }), route("b", { desc: "mine" }), route("c")],
    };
    const planned = await plan(lists);
    const transport = spying({
      before: async (_txn, count) => {
        if (count > 1) return;
        await world.put("routes/a", { ...route("a"), desc: "theirs", create_time: 3 });
        await world.put("routes/b", { ...route("b"), desc: "theirs" });
        await world.put("routes/c", route("c"));
        await world.put("routes/gone", { ...route("gone"), desc: "theirs" });
      },
    });
    const report = await applyPlan(planned, { ...world.deps, transport });
    expect(report).toMatchObject({
      created: [],
      updated: ["routes/a", "routes/b"],
      deleted: ["routes/gone"],
      unchanged: 1,
      conflicts: 1,
    });
    expect(await world.value("routes/a")).toMatchObject({ desc: "mine", create_time: 3 });
    expect(await world.value("routes/gone")).toBeUndefined();
  });

  it("gives up where somebody never lets go of its keys", async () => {
    const planned = await plan({ routes: [route("a", { desc: "mine" })] });
    const transport = spying({
      before: (_txn, count) => world.put("routes/a", route("a", { desc: `theirs ${count}` })),
    });
    const clock = { now: () => 0, sleep: async () => {} };
    await expect(applyPlan(planned, { ...world.deps, clock, transport })).rejects.toThrow(
      /somebody else writes the same keys/,
    );
  });

  it("reports what it did once, though the answer to it was lost", async () => {
    await world.put("routes/old", route("old"));
    const transport = spying({
      after: (count) => {
        if (count === 1) throw new EtcdError("unavailable", "the connection was cut");
      },
    });
    const report = await applyPlan(await plan({ routes: [route("a")] }), {
      ...world.deps,
      transport,
    });
    expect(report).toMatchObject({ created: ["routes/a"], deleted: ["routes/old"], unchanged: 0 });
    expect((await world.keys()).size).toBe(1);
  });

  it("ends where its fence was moved, and does nothing more then", async () => {
    const fence = { key: "/snapgate/fence", target: "mod", equals: 0 } as const;
    const last = [{ do: "put", key: fence.key, value: "mine" }] as const;
    await applyPlan(await plan({ routes: [route("a")] }), { ...world.deps, fence, last });
    expect((await world.keys("/snapgate/")).get(fence.key)).toBe("mine");
    const again = await plan({ routes: [route("b")] });
    await expect(applyPlan(again, { ...world.deps, fence, last })).rejects.toThrow(Overtaken);
    expect([...(await world.keys()).keys()]).toEqual(["/apisix/routes/a"]);
  });

  it("touches the guards that single writes go by, within etcd's limits", async () => {
    const guards = new Guards(world.deps);
    const consumers = Array.from({ length: 100 }, (_, i) => {
      return { username: `c${i}`, plugins: { "key-auth": { key: `k${i}` } } };
    });
    const report = await applyPlan(await plan({ consumers }), { ...world.deps, guards });
    expect(report).toMatchObject({ transactions: 2 });
    const touched = [...(await world.keys("/snapgate/guards/")).keys()];
    expect(touched).toContain(guards.key("uses"));
    expect(touched).toContain(guards.key("global_rules"));
    const identities = touched.filter((key) => key.startsWith(guards.key("identities/")));
    expect(identities).toHaveLength(100);
  });

  it("stores secrets encrypted where there is a keyring, and compares them in the clear", async () => {
    const cipher = fieldCipher(new Keyring(["qeddd145sfvddff3"]));
    const deps = { ...world.deps, cipher };
    const wanted = wantedOf({
      consumers: [{ username: "j", plugins: { "key-auth": { key: "k" } } }],
    });
    const stored = () => readConfiguration(deps, signal);
    await applyPlan(planChanges(wanted, await stored(), { prune: EVERY_KIND }), deps);
    expect(JSON.stringify(await world.value("consumers/j"))).not.toContain('"k"');
    expect(planChanges(wanted, await stored(), { prune: EVERY_KIND }).changes).toEqual([]);
  });
});
