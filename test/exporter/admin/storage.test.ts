import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { APISIX_DEFAULT_KEYS } from "../../../exporter/encryption/keyring.ts";
import {
  EtcdError,
  type EtcdTransport,
  type TxnRequest,
} from "../../../exporter/etcd/transport.ts";
import {
  type AdminWorld,
  type AdminWorldOptions,
  startAdminWorld,
} from "../../support/admin-world.ts";
import { createAuthority } from "../../support/certificates.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";

const UPSTREAM = { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } };
const ROUTE = { uri: "/a", upstream: UPSTREAM };

let cluster: EtcdCluster;
let worlds: AdminWorld[] = [];

async function aWorld(options: AdminWorldOptions = {}): Promise<AdminWorld> {
  const world = await startAdminWorld(cluster, options);
  worlds.push(world);
  return world;
}

const foreign = (count: number) => JSON.stringify({ ...ROUTE, uri: `/${count}` });

const leases = async () =>
  (await cluster.ctl(["lease", "list"])).split("\n").filter((line) => /^[\da-f]+$/.test(line));

describeWithEtcd("what the Admin API stores", () => {
  beforeAll(async () => {
    cluster = await startEtcdServer();
  });
  afterAll(() => cluster.stop());
  afterEach(async () => {
    await Promise.all(worlds.map((world) => world.stop()));
    worlds = [];
  });

  it("goes after its ttl, unless a later write has none", async () => {
    const world = await aWorld();
    await world.call("PUT", "routes/short?ttl=1", ROUTE);
    await world.call("PUT", "routes/zero?ttl=0", ROUTE);
    await world.call("PUT", "routes/less?ttl=-5", ROUTE);
    await world.call("POST", "routes?ttl=1", ROUTE);
    await world.call("PUT", "routes/kept?ttl=1", ROUTE);
    await world.call("PATCH", "routes/kept", { desc: "kept" });
    await world.call("PUT", "routes/patched", ROUTE);
    await world.call("PATCH", "routes/patched?ttl=1", { desc: "x" });
    const keys = async () => {
      const { list } = (await world.call("GET", "routes")).body as { list: { key: string }[] };
      return list.map(({ key }) => key.split("/").at(-1));
    };
    expect(await keys()).toHaveLength(6);
    await until(async () => (await keys()).length === 1, "the leases end");
    expect(await keys()).toEqual(["kept"]);
    for (const ttl of ["x", "", "1e99"]) {
      expect(await world.call("PUT", `routes/1?ttl=${ttl}`, ROUTE)).toMatchObject({
        status: 400,
        body: { error_msg: expect.stringContaining("invalid argument ttl") },
      });
    }
    expect(await world.call("DELETE", "routes/1?ttl=x")).toMatchObject({ status: 400 });
  });

  it("leaves no lease behind where the write fails", async () => {
    let fails = false;
    const bend = (transport: EtcdTransport) => ({
      ...transport,
      txn: async (request: TxnRequest) => {
        if (fails) throw new EtcdError("unavailable", "txn: UNAVAILABLE");
        return transport.txn(request);
      },
    });
    const world = await aWorld({ bend });
    const before = await leases();
    fails = true;
    expect(await world.call("PUT", "routes/1?ttl=600", ROUTE)).toMatchObject({ status: 503 });
    fails = false;
    expect(await world.call("PUT", "routes/1?ttl=600", { nope: 1 })).toMatchObject({ status: 400 });
    const stale = { "if-match": "1" };
    expect(await world.call("PUT", "routes/1?ttl=600", ROUTE, stale)).toMatchObject({
      status: 412,
    });
    expect(await leases()).toEqual(before);
    await world.call("PUT", "routes/1?ttl=600", ROUTE);
    expect(await leases()).toHaveLength(before.length + 1);
  });

  it("stays for its ttl where etcd made the write and did not say so", async () => {
    const bend = (transport: EtcdTransport) => ({
      ...transport,
      txn: async (request: TxnRequest) => {
        const answer = await transport.txn(request);
        if (request.success.some((operation) => "leaseId" in operation)) {
          throw new EtcdError("unavailable", "txn: DEADLINE_EXCEEDED");
        }
        return answer;
      },
    });
    const world = await aWorld({ bend });
    await world.write("routes/1", { ...ROUTE, id: "1" });
    expect(await world.call("PUT", "routes/1?ttl=600", { ...ROUTE, desc: "new" })).toMatchObject({
      status: 503,
    });
    expect(await world.call("GET", "routes/1")).toMatchObject({ body: { value: { desc: "new" } } });
  });

  it("takes another lease for its guards where etcd has lost the one in use", async () => {
    const world = await aWorld();
    await world.call("PUT", "upstreams/u", UPSTREAM);
    const put = () => world.call("PUT", "routes/1", { uri: "/a", upstream_id: "u" });
    expect(await put()).toMatchObject({ status: 201 });
    const key = `/snapgate/guards${world.prefix}/uses/upstreams/u`;
    const guard = async () => (await world.transport.range({ key })).kvs[0];
    await world.transport.leaseRevoke((await guard())?.leaseId as string);
    expect(await guard()).toBeUndefined();
    expect(await put()).toMatchObject({ status: 200 });
    expect(await guard()).toBeDefined();
    await world.call("DELETE", "routes/1");
    await world.call("DELETE", "upstreams/u");
    expect(await guard()).toBeUndefined();
  });

  it("answers 503, as APISIX does, where another writer is always first", async () => {
    const others = { text: 0 };
    const bend = (transport: EtcdTransport) => ({
      ...transport,
      txn: async (request: TxnRequest) => {
        const key = request.compare[0]?.key ?? "";
        const put = { do: "put", key, value: foreign(others.text++) };
        await transport.txn({ compare: [], success: [put as never] });
        return transport.txn(request);
      },
    });
    const world = await aWorld({ bend });
    await world.write("routes/1", ROUTE);
    expect(await world.call("PATCH", "routes/1", { desc: "x" })).toMatchObject({
      status: 503,
      body: { error_msg: "value changed before overwritten" },
    });
    expect(others.text).toBe(20);
  });

  it("is encrypted as by APISIX where there is a keyring: in etcd and in the answer", async () => {
    const world = await aWorld({ keyring: APISIX_DEFAULT_KEYS });
    const bob = { username: "bob", plugins: { "key-auth": { key: "bob" } } };
    // Recorded of APISIX 3.18 with its default keyring.
    const sealed = { "key-auth": { key: "FOcca8ec7AXqZvVrQmc9Dw==" } };
    expect(await world.call("PUT", "consumers", bob)).toMatchObject({
      body: { value: { plugins: sealed } },
    });
    expect(JSON.parse((await world.stored("consumers/bob")) as string).plugins).toEqual(sealed);
    expect(await world.call("GET", "consumers/bob")).toMatchObject({ body: { value: bob } });
    expect(await world.call("GET", "consumers")).toMatchObject({
      body: { list: [{ value: bob }] },
    });

    // APISIX's own value, and a plain one from before there was a keyring.
    await world.write("consumers/jack", { username: "jack", plugins: sealed });
    await world.write("consumers/jill", { username: "jill", plugins: bob.plugins });
    expect(await world.call("GET", "consumers/jack")).toMatchObject({
      body: { value: { plugins: bob.plugins } },
    });
    expect(await world.call("GET", "consumers/jill")).toMatchObject({
      body: { value: { plugins: bob.plugins } },
    });
    expect(await world.call("PUT", "consumers", { ...bob, username: "mallory" })).toMatchObject({
      status: 400,
      body: { error_msg: expect.stringContaining("duplicate key of plugin key-auth found with") },
    });
  });

  it("is patched in the clear, and sealed again", async () => {
    const world = await aWorld({ keyring: ["an-own-key-of-16"] });
    const limit = { count: 1, time_window: 60, policy: "redis", redis_host: "redis" };
    const plugins = { "limit-count": { ...limit, redis_password: "secret" } };
    await world.call("PUT", "routes/1", { ...ROUTE, plugins });
    await world.call("PATCH", "routes/1", { plugins: { "limit-count": { count: 2 } } });
    const config = JSON.parse((await world.stored("routes/1")) as string).plugins["limit-count"];
    expect(config.count).toBe(2);
    expect(config.redis_password).not.toBe("secret");
    expect(await world.call("GET", "routes/1")).toMatchObject({
      body: { value: { plugins: { "limit-count": { count: 2, redis_password: "secret" } } } },
    });
  });

  it("shows no private key, and stores it encrypted", async () => {
    const world = await aWorld({ keyring: ["an-own-key-of-16"] });
    const { cert, key } = createAuthority("test").issue("a.test", ["DNS:a.test"]);
    const ssl = { snis: ["a.test"], cert: cert.text, key: key.text };
    const put = await world.call("PUT", "ssls/1", ssl);
    expect(put.status).toBe(201);
    expect(JSON.stringify(put.body)).not.toContain("PRIVATE KEY");
    expect(await world.stored("ssls/1")).not.toContain("PRIVATE KEY");
    for (const path of ["ssls/1", "ssls"]) {
      const { body } = await world.call("GET", path);
      expect(JSON.stringify(body)).toContain("BEGIN CERTIFICATE");
      const shown = body as { value?: object; list?: { value: object }[] };
      expect(shown.value ?? shown.list?.[0]?.value).not.toHaveProperty("key");
    }
    expect(await world.call("PATCH", "ssls/1", { labels: { a: "b" } })).toMatchObject({
      status: 200,
    });
    const stored = JSON.parse((await world.stored("ssls/1")) as string);
    expect(stored.key).toBe((put.body as { value: { key: string } }).value.key);
  });

  it("is what others refer to, and then stays, unless force is true", async () => {
    const world = await aWorld();
    const traffic = { rules: [{ weighted_upstreams: [{ upstream_id: "u", weight: 1 }] }] };
    await world.call("PUT", "upstreams/u", UPSTREAM);
    await world.call("PUT", "protos/p", { content: 'syntax = "proto3"; message M { }' });
    const grpc = { proto_id: "p", service: "s", method: "m" };
    for (const [path, value, target, text] of [
      ["routes/3", { uri: "/a", upstream_id: "u" }, "upstreams/u", "this upstream, route [3]"],
      ["services/s", { upstream_id: "u" }, "upstreams/u", "this upstream, service [s]"],
      [
        "routes/4",
        { ...ROUTE, plugins: { "traffic-split": traffic } },
        "upstreams/u",
        "this upstream, plugin in route [4]",
      ],
      [
        "plugin_configs/4",
        { plugins: { "traffic-split": traffic } },
        "upstreams/u",
        "this upstream, plugin in plugin_config [4]",
      ],
      [
        "routes/5",
        { ...ROUTE, plugins: { "grpc-transcode": grpc } },
        "protos/p",
        "this proto,route [5]",
      ],
    ] as const) {
      expect(await world.call("PUT", path, value), path).toMatchObject({ status: 201 });
      const refused = {
        status: 400,
        body: { error_msg: `can not delete ${text} is still using it now` },
      };
      expect(await world.call("DELETE", target)).toMatchObject(refused);
      expect(await world.call("DELETE", `${target}?force=yes`)).toMatchObject(refused);
      await world.call("DELETE", path);
    }
    await world.call("PUT", "consumer_groups/g", { plugins: {} });
    await world.call("PUT", "consumers", { username: "jack", group_id: "g", plugins: {} });
    expect(await world.call("DELETE", "consumer_groups/g")).toMatchObject({
      body: {
        error_msg: "can not delete this consumer group, consumer [jack] is still using it now",
      },
    });
    expect(await world.call("DELETE", "consumer_groups/g?force=true")).toMatchObject({
      status: 200,
    });
    expect(await world.call("DELETE", "upstreams/u")).toMatchObject({ status: 200 });
    expect(await world.call("PUT", "routes/3", { uri: "/a", upstream_id: "u" })).toMatchObject({
      status: 400,
      body: { error_msg: "failed to fetch upstream info by upstream id [u], response code: 404" },
    });
  });

  it("is looked at in etcd itself where the table cannot be relied on", async () => {
    const view = { revision: () => undefined, usersOf: () => [], holdersOf: () => [] };
    const world = await aWorld({ view });
    await world.call("PUT", "upstreams/u", UPSTREAM);
    await world.call("PUT", "services/s", { upstream_id: "u" });
    expect(await world.call("DELETE", "upstreams/u")).toMatchObject({
      status: 400,
      body: { error_msg: "can not delete this upstream, service [s] is still using it now" },
    });
    const plugins = { "key-auth": { key: "k" } };
    await world.call("PUT", "consumers", { username: "jack", plugins: {} });
    await world.call("PUT", "consumers/jack/credentials/c", { plugins });
    expect(await world.call("PUT", "consumers", { username: "jill", plugins })).toMatchObject({
      status: 400,
      body: {
        error_msg: "duplicate key of plugin key-auth found with credential: c of consumer: jack",
      },
    });
  });
});
