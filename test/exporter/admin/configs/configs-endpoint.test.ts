import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { EtcdError } from "../../../../exporter/etcd/transport.ts";
import {
  type AdminWorld,
  type AdminWorldOptions,
  type LogLine,
  startAdminWorld,
  VIEWER_KEY,
} from "../../../support/admin-world.ts";
import { createAuthority } from "../../../support/certificates.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
} from "../../../support/etcd-server.ts";

const route = (id: string, more: object = {}) => ({
  id,
  uri: `/${id}`,
  plugins: {},
  ...more,
});

describeWithEtcd("/apisix/admin/configs over etcd", () => {
  let cluster: EtcdCluster;
  let world: AdminWorld;
  let worlds: AdminWorld[];

  beforeAll(async () => {
    cluster = await startEtcdServer();
  });
  beforeEach(async () => {
    worlds = [];
    world = await aWorld();
  });
  afterEach(() => Promise.all(worlds.map((each) => each.stop())));
  afterAll(() => cluster.stop());

  async function aWorld(options: AdminWorldOptions = {}): Promise<AdminWorld> {
    const started = await startAdminWorld(cluster, options);
    worlds.push(started);
    return started;
  }

  const put = (body: unknown, digest: string, headers: Record<string, string> = {}) =>
    world.call("PUT", "configs", body, { "x-digest": digest, ...headers });
  const get = async () => (await world.call("GET", "configs")).body as Record<string, unknown>;
  const changes = (answer: { headers: Headers }) => answer.headers.get("x-snapgate-changes");

  it("replaces all there is, and answers 202 with what was done, 204 the second time", async () => {
    await world.call("PUT", "routes/old", { uri: "/old", plugins: {} });
    const configs = { routes: [route("a"), route("b")], upstreams: [] };
    const first = await put(configs, "one");
    expect(first).toMatchObject({ status: 202, body: "" });
    expect(first.headers.get("x-digest")).toBe("one");
    expect(Number(first.headers.get("x-last-modified"))).toBeGreaterThan(1.7e9);
    expect(Number(first.headers.get("x-snapgate-revision"))).toBeGreaterThan(1);
    expect(first.headers.has("x-api-version")).toBe(false);
    expect(changes(first)).toBe("created=2, updated=0, deleted=1, unchanged=0");
    expect((await put(configs, "one")).status).toBe(204);
    const second = await put({ routes: [route("b"), route("c")] }, "two");
    expect(changes(second)).toBe("created=1, updated=0, deleted=1, unchanged=1");
    expect(await world.stored("routes/a")).toBeUndefined();
    const shown = (await world.call("GET", "routes/c")).body as { value: object };
    expect(shown.value).toMatchObject({ id: "c", create_time: expect.any(Number) });
    expect(world.lines.filter(({ message }) => message === "admin write")).toHaveLength(3);
  });

  it("counts each list's conf_version, of which an equal one leaves its list alone", async () => {
    await put({ routes: [route("a")], routes_conf_version: 5 }, "one");
    expect(await get()).toMatchObject({ routes_conf_version: 5, services_conf_version: 1 });
    const equal = await put({ routes: [route("b")], routes_conf_version: 5 }, "two");
    expect(changes(equal)).toBe("created=0, updated=0, deleted=0, unchanged=0");
    expect(await get()).toMatchObject({ routes: [{ id: "a" }], services_conf_version: 2 });
    const lower = await put({ routes: [], routes_conf_version: 4 }, "three");
    expect(lower).toMatchObject({
      status: 400,
      body: { error_msg: "routes_conf_version must be greater than or equal to (5)" },
    });
    expect(await put({ routes_conf_version: "6" }, "four")).toMatchObject({
      status: 400,
      body: { error_msg: "routes_conf_version must be a number" },
    });
  });

  it("puts back what was changed by another way, though digest and numbers are the same", async () => {
    const numbers = { routes_conf_version: 5, services_conf_version: 7 };
    const configs = { routes: [route("a")], ...numbers };
    await put(configs, "one");
    await world.call("PUT", "routes/other", { uri: "/other", plugins: {} });
    expect(await get()).toMatchObject({ ...numbers, routes: [{ id: "a" }, { id: "other" }] });
    expect(await get()).not.toHaveProperty("X-Digest");
    // A list that is not sent is left alone.
    const without = await put(numbers, "without");
    expect(changes(without)).toBe("created=0, updated=0, deleted=0, unchanged=0");
    await world.call("PUT", "routes/third", { uri: "/third", plugins: {} });
    const again = await put(configs, "one");
    expect(changes(again)).toBe("created=0, updated=0, deleted=2, unchanged=1");
    expect(await get()).toMatchObject({ "X-Digest": "one", ...numbers });
  });

  it("shows what it was given, credentials among the consumers, with an index that moves with changes", async () => {
    const configs = {
      consumers: [
        { username: "jack", modifiedIndex: 3 },
        { id: "jack/credentials/c1", plugins: { "key-auth": { key: "k" } } },
      ],
      secrets: [{ id: "vault/1", uri: "http://v.test", prefix: "p", token: "t" }],
      plugin_metadata: [{ id: "http-logger", log_format: { host: "$host" } }],
    };
    await put(configs, "one");
    const shown = await get();
    expect(shown).toMatchObject({
      consumers: [
        { username: "jack" },
        { id: "jack/credentials/c1", plugins: { "key-auth": { key: "k" } } },
      ],
      secrets: configs.secrets,
      plugin_metadata: configs.plugin_metadata,
    });
    await put({ ...configs, plugin_metadata: [] }, "two");
    expect((await get()).consumers).toEqual(shown.consumers);
  });

  it("takes and shows YAML", async () => {
    const yaml = { "content-type": "application/yaml" };
    const answer = await put(
      "routes:\n  - {id: a, uri: /a, plugins: {}, desc: 2026-01-02}\n",
      "one",
      yaml,
    );
    expect(answer.status).toBe(202);
    const shown = await world.call("GET", "configs", undefined, { accept: "application/yaml" });
    expect(shown.headers.get("content-type")).toBe("application/yaml");
    expect(shown.body).toMatch(
      /^routes:\n {2}- id: a\n {4}uri: \/a\n {4}plugins: \{\}\n {4}desc: "?2026-01-02"?\n/,
    );
    expect(await put("routes: [", "two", yaml)).toMatchObject({
      status: 400,
      body: { error_msg: expect.stringMatching(/^invalid request body: line \d/) },
    });
  });

  it.each([
    ["no digest", {}, undefined, "missing digest header"],
    ["no body", undefined, "d", "invalid request body: empty request body"],
    ["no JSON", "{", "d", /^invalid request body: Expected object key string/],
    ["a list", "[1]", "d", "invalid request body: it is no map of lists"],
    ["a bad item", { routes: [{ id: "x" }] }, "d", /^invalid configuration: /],
    [
      "one id twice",
      { routes: [route("r1"), route("r1")] },
      "d",
      "found duplicate id r1 in routes",
    ],
    ["no list", { routes: 1 }, "d", /wrong type: expected array, got number/],
    ["a list of plugins", { plugins: [{ name: "cors" }] }, "d", /no place for a list of enabled/],
  ])("refuses %s, and writes nothing", async (_what, body, digest, message) => {
    const headers: Record<string, string> = digest === undefined ? {} : { "x-digest": digest };
    const answer = await world.call("PUT", "configs", body, headers);
    const matching = typeof message === "string" ? message : expect.stringMatching(message);
    expect(answer).toMatchObject({ status: 400, body: { error_msg: matching } });
    expect(await get()).toMatchObject({ routes_conf_version: 0 });
  });

  it("takes a body that is larger than one resource may be", async () => {
    const desc = "x".repeat(200);
    const routes = Array.from({ length: 9000 }, (_, i) => route(`r${i}`, { desc }));
    const validated = await world.call("POST", "configs/validate", { routes });
    expect(validated).toMatchObject({ status: 200, body: {} });
    const answer = await put({ routes }, "one");
    expect(changes(answer)).toBe("created=9000, updated=0, deleted=0, unchanged=0");
  });

  it("refuses, and does not try again, what is larger than etcd takes at all", async () => {
    const routes = [route("r0"), route("r1", { vars: [["uri", "~~", "x".repeat(5_000_000)]] })];
    const answer = await put({ routes }, "one");
    expect(answer).toMatchObject({
      status: 400,
      body: { error_msg: expect.stringContaining("larger than max") },
    });
  });

  it("is for who may write, and knows no other verbs", async () => {
    const viewer = { "x-api-key": VIEWER_KEY };
    expect((await world.call("GET", "configs", undefined, viewer)).status).toBe(200);
    expect((await put({}, "d", viewer)).status).toBe(401);
    expect((await world.call("HEAD", "configs")).body).toBe("");
    for (const method of ["POST", "DELETE", "PATCH"]) {
      expect((await world.call(method, "configs", {})).status).toBe(404);
    }
  });

  it("ends in the state of the one that was last, where two put at the same time", async () => {
    const other = await aWorld({ prefix: world.prefix });
    const configs = (name: string) => ({
      routes: Array.from({ length: 300 }, (_, i) => route(`r${i}`, { desc: name })),
    });
    const both = [world, other].map((each, i) =>
      each.call("PUT", "configs", configs(`${i}`), { "x-digest": `digest-${i}` }),
    );
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([202, 202]);
    const shown = await get();
    const descs = new Set((shown.routes as { desc: string }[]).map(({ desc }) => desc));
    expect([...descs]).toEqual([String(shown["X-Digest"]).slice(-1)]);
  });

  it("says what was done before etcd went away, and does the rest when it is asked again", async () => {
    let left = 0;
    const bent = await aWorld({
      prefix: world.prefix,
      clock: { now: () => Date.now(), sleep: async () => {} },
      bend: (transport) => ({
        ...transport,
        range: (request) => transport.range(request),
        leaseGrant: (seconds) => transport.leaseGrant(seconds),
        txn: (request) => {
          if (left-- > 0) return transport.txn(request);
          throw new EtcdError("unavailable", "no connection");
        },
      }),
    });
    await put({ routes: [route("r0")], routes_conf_version: 5 }, "zero");
    left = 2;
    const routes = Array.from({ length: 400 }, (_, i) => route(`r${i}`));
    const configs = { routes, routes_conf_version: 6 };
    const headers = { "x-digest": "one" };
    const failed = await bent.call("PUT", "configs", configs, headers);
    expect(failed).toMatchObject({
      status: 503,
      body: { error_msg: expect.stringMatching(/no connection.*248 created.*does the rest/) },
    });
    const after = (await world.transport.range({ key: `${world.prefix}/routes/r1` })).kvs[0];
    const writes = bent.lines.filter(({ message }) => message === "admin write");
    expect(writes).toHaveLength(1);
    const { fields } = writes[0] as LogLine;
    expect(fields).toMatchObject({ by: "ci", method: "PUT", after: expect.any(Number) });
    expect(fields.after).toBeGreaterThanOrEqual(after?.modRevision as number);
    expect(await get()).not.toHaveProperty("X-Digest");
    expect(changes(await put(configs, "one"))).toContain("created=151,");
    expect(((await get()).routes as []).length).toBe(400);
  });

  it("shows private keys of certificates to nobody who may not send them back", async () => {
    const { cert, key } = createAuthority("ours").issue("a.test", ["DNS:a.test"]);
    const ssls = [{ id: "1", snis: ["a.test"], cert: cert.text, key: key.text }];
    await put({ ssls }, "one");
    expect(await get()).toMatchObject({ ssls });
    const shown = await world.call("GET", "configs", undefined, { "x-api-key": VIEWER_KEY });
    expect(shown).toMatchObject({ status: 200, body: { ssls: [{ id: "1", cert: cert.text }] } });
    expect(JSON.stringify(shown.body)).not.toContain("PRIVATE KEY");
  });

  it("is not stopped by what others wrote, however deep, and puts it right", async () => {
    const deep = `{"vars":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    for (const [id, text] of [
      ["deep", deep],
      ["proto", '{"uri":"/a","__proto__":{"x":1}}'],
      ["huge", '{"uri":"/a","priority":1e999}'],
    ] as const) {
      await world.write(`routes/${id}`, text);
    }
    await world.write("routes/kept", route("kept"));
    expect((await get()).routes).toMatchObject([{ id: "kept" }]);
    const answer = await put({ routes: [route("kept"), route("deep")] }, "one");
    expect(changes(answer)).toBe("created=0, updated=1, deleted=2, unchanged=1");
    expect((await get()).routes).toMatchObject([{ id: "deep" }, { id: "kept" }]);
  });

  it("is described, as all of the Admin API, by a document beside it", async () => {
    const shown = await world.call("GET", "openapi.json");
    expect(shown).toMatchObject({ status: 200, body: { openapi: "3.1.0" } });
    expect(shown.body).toHaveProperty(["paths", "/configs", "put", "operationId"], "put_configs");
    expect((await world.call("PUT", "openapi.json", {})).status).toBe(404);
    const nobody = { "x-api-key": "wrong" };
    expect((await world.call("GET", "openapi.json", undefined, nobody)).status).toBe(401);
  });

  it("stores secrets encrypted where there is a keyring, and shows them in the clear", async () => {
    world = await aWorld({ keyring: ["qeddd145sfvddff3"] });
    const consumers = [{ username: "j", plugins: { "key-auth": { key: "in-the-clear" } } }];
    await put({ consumers }, "one");
    expect(await world.stored("consumers/j")).not.toContain("in-the-clear");
    expect((await get()).consumers).toMatchObject(consumers);
    expect(changes(await put({ consumers }, "two"))).toContain("unchanged=1");
  });
});
