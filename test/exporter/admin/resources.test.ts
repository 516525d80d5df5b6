import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type AdminWorld, startAdminWorld } from "../../support/admin-world.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../../support/etcd-server.ts";

const UPSTREAM = { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } };
const ROUTE = { uri: "/a", upstream: UPSTREAM };

/** What an answer may hold, all of it. */
interface Shown {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly list: readonly { readonly key: string }[];
  readonly total: number;
}

let cluster: EtcdCluster;
let world: AdminWorld;

const call: AdminWorld["call"] = (...args) => world.call(...args);
const bodyOf = async (...args: Parameters<typeof call>) => (await call(...args)).body as Shown;

describeWithEtcd("resources at the Admin API", () => {
  beforeAll(async () => {
    cluster = await startEtcdServer();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    world = await startAdminWorld(cluster);
  });
  afterEach(() => world.stop());

  it("are created and replaced by PUT, shown by GET, and gone after DELETE", async () => {
    const created = await call("PUT", "routes/1", ROUTE);
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      key: `${world.prefix}/routes/1`,
      value: {
        ...ROUTE,
        id: "1",
        create_time: expect.any(Number),
        update_time: expect.any(Number),
      },
    });
    const { value } = created.body as { value: object };
    expect(await world.stored("routes/1")).toBe(JSON.stringify(value));

    const shown = await call("GET", "routes/1");
    const revision = Number(created.headers.get("x-snapgate-revision"));
    expect(shown).toMatchObject({
      status: 200,
      body: {
        key: `${world.prefix}/routes/1`,
        value,
        createdIndex: revision,
        modifiedIndex: revision,
      },
    });
    expect(shown.headers.get("etag")).toBe(`"${revision}"`);

    const replaced = await call("PUT", "routes/1", { ...ROUTE, uri: "/b" });
    expect(replaced.status).toBe(200);
    expect(await call("GET", "routes/1")).toMatchObject({
      body: { value: { uri: "/b" }, createdIndex: revision, modifiedIndex: revision + 1 },
    });

    expect(await call("DELETE", "routes/1")).toMatchObject({
      status: 200,
      body: { deleted: "1", key: `${world.prefix}/routes/1` },
    });
    for (const method of ["GET", "DELETE"]) {
      expect(await call(method, "routes/1")).toMatchObject({
        status: 404,
        body: { message: "Key not found" },
      });
    }
  });

  it("keep the time of their creation through PUT and PATCH", async () => {
    await world.write("routes/1", { ...ROUTE, id: "1", create_time: 5, update_time: 5 });
    const put = await bodyOf("PUT", "routes/1", ROUTE);
    expect(put.value).toMatchObject({ create_time: 5 });
    expect(put.value.update_time).toBeGreaterThan(1_700_000_000);
    await world.write("routes/1", { ...ROUTE, id: "1", create_time: 5, update_time: 5 });
    const patched = await bodyOf("PATCH", "routes/1", { desc: "x" });
    expect(patched.value).toMatchObject({ create_time: 5, desc: "x" });
    expect(patched.value.update_time).toBeGreaterThan(1_700_000_000);
    const times = await bodyOf("PATCH", "routes/1", { create_time: 7, update_time: 8 });
    expect(times.value).toMatchObject({ create_time: 7, update_time: 8 });
  });

  it("get an id made of etcd's revision by POST", async () => {
    const first = await bodyOf("POST", "routes", ROUTE);
    const second = await bodyOf("POST", "routes", ROUTE);
    expect(first.key).toMatch(/\/routes\/\d{20}$/);
    expect(first.key < second.key).toBe(true);
    expect(first.value).toMatchObject({ id: first.key.slice(-20) });
    expect(await call("POST", "routes", { ...ROUTE, id: "x" })).toMatchObject({
      status: 400,
      body: { error_msg: "wrong route id, do not need it" },
    });
  });

  it.each([
    ["services", { name: "s", upstream: UPSTREAM }],
    ["upstreams", UPSTREAM],
    ["protos", { content: 'syntax = "proto3"; package a; message M { string b = 1; }' }],
    ["stream_routes", { server_port: 9100, upstream: UPSTREAM }],
  ])("of the kind %s know every verb that theirs has", async (kind, value) => {
    expect(await call("PUT", `${kind}/a`, value)).toMatchObject({ status: 201 });
    expect(await call("POST", kind, value)).toMatchObject({ status: 201 });
    expect(await call("GET", `${kind}/a`)).toMatchObject({ status: 200, body: { value } });
    expect(await call("GET", kind)).toMatchObject({ status: 200, body: { total: 2 } });
    const canPatch = kind !== "protos" && kind !== "stream_routes";
    expect((await call("PATCH", `${kind}/a`, { desc: "d" })).status).toBe(canPatch ? 200 : 405);
    expect(await call("DELETE", `${kind}/a`)).toMatchObject({ status: 200 });
  });

  it.each([
    ["plugin_configs/a", { plugins: { cors: {} } }, "plugin config"],
    ["consumer_groups/a", { plugins: { cors: {} } }, "consumer group"],
    ["global_rules/a", { plugins: { cors: {} } }, "global rule"],
    ["secrets/vault/a", { uri: "http://127.0.0.1:8200", prefix: "kv", token: "t" }, "secret"],
  ])("at %s know every verb but POST", async (path, value, word) => {
    expect(await call("PUT", path, value)).toMatchObject({ status: 201, body: { value } });
    expect(await call("GET", path)).toMatchObject({ status: 200, body: { value } });
    expect(await call("PATCH", path, { desc: undefined })).toMatchObject({ status: 200 });
    expect(await call("POST", path.split("/")[0] as string, value)).toMatchObject({
      status: 405,
      body: { error_msg: `not supported \`POST\` method for ${word}` },
    });
    expect(await call("DELETE", path)).toMatchObject({ status: 200 });
  });

  it("are consumers by their user name, with credentials below them", async () => {
    const jack = { username: "jack", plugins: { "key-auth": { key: "k" } } };
    expect(await call("PUT", "consumers", jack)).toMatchObject({
      status: 201,
      body: { key: `${world.prefix}/consumers/jack` },
    });
    expect(await call("PUT", "consumers/jack", jack)).toMatchObject({ status: 200 });
    expect(await call("GET", "consumers/jack/credentials")).toMatchObject({ status: 404 });
    const credential = { plugins: { "basic-auth": { username: "j", password: "p" } } };
    const path = "consumers/jack/credentials/c1";
    expect(await call("PUT", path, credential)).toMatchObject({
      status: 201,
      body: { key: `${world.prefix}/${path}`, value: { id: "c1" } },
    });
    expect(await call("GET", path)).toMatchObject({ status: 200, body: { value: credential } });
    expect(await call("GET", "consumers/jack/credentials")).toMatchObject({
      status: 200,
      body: { total: 1, list: [{ key: `${world.prefix}/${path}` }] },
    });
    expect(await call("GET", "consumers")).toMatchObject({ body: { total: 1 } });
    expect(await call("PUT", "consumers/nobody/credentials/c1", credential)).toMatchObject({
      status: 404,
      body: { error_msg: "consumer not found" },
    });
    expect(await call("PATCH", "consumers/jack", { desc: "x" })).toMatchObject({ status: 405 });
    expect(await call("DELETE", "consumers/jack")).toMatchObject({ status: 200 });
    expect(await call("GET", path)).toMatchObject({ status: 404 });
  });

  it("are metadata by the name of the plugin, without times", async () => {
    const value = { log_format: { host: "$host" } };
    expect(await call("PUT", "plugin_metadata/http-logger", value)).toMatchObject({
      status: 201,
      body: { value: { ...value, id: "http-logger" } },
    });
    expect(await world.stored("plugin_metadata/http-logger")).toBe(
      JSON.stringify({ ...value, id: "http-logger" }),
    );
    expect(await call("PUT", "plugin_metadata/nope", {})).toMatchObject({ status: 400 });
    expect(await call("PATCH", "plugin_metadata/http-logger", {})).toMatchObject({ status: 405 });
    expect(await call("DELETE", "plugin_metadata/http-logger")).toMatchObject({ status: 200 });
  });

  it("take their id from the body where the path has none, as it was written", async () => {
    expect(await call("PUT", "routes", { ...ROUTE, id: 5 })).toMatchObject({
      status: 201,
      body: { key: `${world.prefix}/routes/5`, value: { id: 5 } },
    });
    expect(await call("PUT", "routes/5", { ...ROUTE, id: 5 })).toMatchObject({
      body: { value: { id: "5" } },
    });
    for (const [path, value, text] of [
      ["routes", ROUTE, "missing route id"],
      ["routes/", ROUTE, "missing route id"],
      ["routes/1", { ...ROUTE, id: "2" }, "wrong route id"],
      ["global_rules", { plugins: {} }, "missing global rule id"],
      ["consumers/other", { username: "jack" }, "wrong username"],
      ["plugin_metadata", {}, "missing plugin name"],
      ["secrets/nope/1", {}, "invalid secret manager: nope"],
    ] as const) {
      expect(await call("PUT", path, value)).toMatchObject({
        status: 400,
        body: { error_msg: text },
      });
    }
  });

  it("are listed in the order of their keys; in pages, in that of their creation", async () => {
    await world.write("routes/", "init_dir");
    const empty = await call("GET", "routes");
    expect(empty.body).toEqual({ total: 0, list: [] });
    const ids = ["m", "b", "z", "a", "k", "c", "l", "d", "j", "e", "i", "f"];
    for (const id of ids) await call("PUT", `routes/${id}`, { ...ROUTE, name: `route ${id}` });
    const idsOf = async (query: string) => {
      const { list } = await bodyOf("GET", `routes?${query}`);
      return list.map(({ key }) => key.split("/").at(-1));
    };
    expect(await idsOf("")).toEqual([...ids].sort());
    expect(await idsOf("page=1&page_size=10")).toEqual(ids.slice(0, 10));
    expect(await idsOf("page=2&page_size=10")).toEqual(ids.slice(10));
    expect(await idsOf("page=-3&page_size=10")).toEqual(ids.slice(0, 10));
    expect(await bodyOf("GET", "routes?page=9&page_size=10")).toEqual({ total: 12, list: [] });
    expect(await idsOf("page_size=10")).toHaveLength(12);
    expect(await idsOf("page=x&page_size=10")).toHaveLength(12);
    expect(await call("GET", "routes?page=1&page_size=9")).toMatchObject({
      status: 400,
      body: "page_size must be between 10 and 500",
    });
  });

  it("are filtered by name, label, uri and the ids they refer to", async () => {
    await call("PUT", "services/s", { name: "s" });
    await call("PUT", "routes/a", { ...ROUTE, name: "first", labels: { env: "prod" } });
    await call("PUT", "routes/b", { ...ROUTE, uri: undefined, uris: ["/b/1", "/c"], name: "2nd" });
    await call("PUT", "routes/c", { uri: "/d", service_id: "s", labels: { team: "x" } });
    const idsOf = async (query: string) => {
      const { list, total } = await bodyOf("GET", `routes?${query}`);
      expect(total).toBe(list.length);
      return list.map(({ key }) => key.split("/").at(-1)).join("");
    };
    expect(await idsOf("name=fir")).toBe("a");
    expect(await idsOf(`name=${encodeURIComponent("^(first|2nd)$")}`)).toBe("ab");
    expect(await idsOf(`name=${encodeURIComponent("(")}`)).toBe("");
    expect(await idsOf("label=env")).toBe("a");
    expect(await idsOf("label=env:prod")).toBe("");
    expect(await idsOf("uri=/c")).toBe("b");
    expect(await idsOf("uri=/&page=1&page_size=10")).toBe("abc");
    expect(await idsOf(`filter=${encodeURIComponent("service_id=s")}`)).toBe("c");
    expect(await idsOf(`filter=${encodeURIComponent("service_id=s&upstream_id=u")}`)).toBe("");
    expect(await idsOf("whatever=1")).toBe("abc");
  });

  it("are listed by no pattern that would never come to an end", async () => {
    await call("PUT", "routes/a", {
      ...ROUTE,
      name: `${"a".repeat(60)}!`,
      uri: `/${"b".repeat(4000)}`,
    });
    const [exponential, steep] = ["^(a+)+$", "(.*b){9}c"].map(encodeURIComponent);
    for (const [query, parameter] of [
      [`name=${exponential}`, "name"],
      [`uri=${steep}`, "uri"],
      [`name=a&uri=${steep}`, "uri"],
    ]) {
      expect(await call("GET", `routes?${query}`), query).toMatchObject({
        status: 400,
        body: { error_msg: `the pattern of ${parameter} takes too long` },
      });
    }
  });

  it("are patched by merging, where null takes away, and at a path", async () => {
    await call("PUT", "routes/1", { ...ROUTE, desc: "d", labels: { a: "1", b: "2" } });
    const patch = async (path: string, body: unknown) =>
      (await bodyOf("PATCH", `routes/1${path}`, body)).value;
    expect(await patch("", { desc: null, labels: { a: null, c: "3" } })).toMatchObject({
      labels: { b: "2", c: "3" },
    });
    expect(JSON.parse((await world.stored("routes/1")) as string)).not.toHaveProperty("desc");
    expect(await patch("/upstream/nodes/b:1", 7)).toMatchObject({
      upstream: { nodes: { "127.0.0.1:80": 1, "b:1": 7 } },
    });
    expect(await patch("/upstream/nodes", [{ host: "c", port: 1, weight: 1 }])).toMatchObject({
      upstream: { nodes: [{ host: "c", port: 1, weight: 1 }] },
    });
    expect(await patch("/", { upstream: { nodes: { "d:1": 1 } } })).toMatchObject({
      upstream: { nodes: { "d:1": 1 } },
    });
    for (const [path, body, status, text] of [
      ["routes/1/uri/deep", 1, 400, "invalid sub-path: /uri/deep"],
      [`routes/1/labels${"/x".repeat(3000)}`, 1, 400, /found level 1001, at most 1000 levels/],
      [
        `routes/1/plugins/cors${"/x".repeat(999)}`,
        [],
        400,
        /found level 1001, at most 1000 levels/,
      ],
      ["routes/1/plugins/cors/__proto__", {}, 400, /found a field named __proto__/],
      ["routes/1", undefined, 400, "missing new configuration"],
      ["routes/1", 5, 400, "invalid configuration"],
      ["routes", {}, 400, "missing route id"],
      ["routes/1", { id: "2" }, 400, "wrong route id"],
      ["routes/1/labels/x", null, 400, /got userdata/],
      ["routes/1", { plugins: { nope: {} } }, 400, "unknown plugin [nope]"],
    ] as const) {
      expect(await call("PATCH", path, body), path).toMatchObject({
        status,
        body: { error_msg: typeof text === "string" ? text : expect.stringMatching(text) },
      });
    }
    expect(await call("PATCH", "routes/9", {})).toMatchObject({ status: 404 });
  });

  it("are never what an unfinished or foreign value makes of a request", async () => {
    await world.write("routes/1", "init_dir");
    expect(await call("GET", "routes/1")).toMatchObject({ body: { value: "init_dir" } });
    expect(await call("PATCH", "routes/1", { desc: "x" })).toMatchObject({ status: 400 });
    expect(await call("PUT", "routes/1", ROUTE)).toMatchObject({ status: 200 });
  });

  it("of no kind are not there", async () => {
    expect(await call("GET", "foo")).toMatchObject({
      status: 404,
      body: { error_msg: "Unsupported resource type: foo" },
    });
    await call("PUT", "services/s", { name: "s" });
    const decorations = "services/s/graphql_cost_decorations/d";
    expect(await call("DELETE", decorations)).toMatchObject({ status: 404 });
    expect(await call("GET", "services/s/ignored")).toMatchObject({ status: 200 });
    expect(await call("GET", "secrets/vault")).toMatchObject({ status: 404 });
    expect(await call("PUT", "secrets/vault", { id: "x" })).toMatchObject({ status: 400 });
    expect(await call("DELETE", "secrets/vault")).toMatchObject({ status: 400 });
  });
});
