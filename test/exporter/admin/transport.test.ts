import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { EtcdError, type EtcdTransport } from "../../../exporter/etcd/transport.ts";
import {
  ADMIN_KEY,
  type AdminWorld,
  type AdminWorldOptions,
  startAdminWorld,
  VIEWER_KEY,
} from "../../support/admin-world.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../../support/etcd-server.ts";

const UPSTREAM = { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } };
const ROUTE = { uri: "/a", upstream: UPSTREAM };

let cluster: EtcdCluster;
let worlds: AdminWorld[] = [];
let folder: string;

async function aWorld(options: AdminWorldOptions = {}): Promise<AdminWorld> {
  const world = await startAdminWorld(cluster, options);
  worlds.push(world);
  return world;
}

describeWithEtcd("a call of the Admin API", () => {
  beforeAll(async () => {
    cluster = await startEtcdServer();
    folder = mkdtempSync(join(tmpdir(), "snapgate-ui-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster.stop();
  });
  afterEach(async () => {
    await Promise.all(worlds.map((world) => world.stop()));
    worlds = [];
  });

  it("needs a key, from the query, a header or a cookie; the first there is counts", async () => {
    const world = await aWorld();
    const denied = (description: string) => ({
      status: 401,
      body: { error_msg: "failed to check token", description },
    });
    const get = (path: string, headers = {}) => world.call("GET", path, undefined, headers);
    const none = { "x-api-key": "" };
    for (const [path, headers, wanted] of [
      ["routes", none, denied("missing apikey")],
      ["routes", { "x-api-key": "wrong" }, denied("wrong apikey")],
      ["routes", {}, { status: 200 }],
      [`routes?api_key=${ADMIN_KEY}`, none, { status: 200 }],
      [`routes?api_key=${ADMIN_KEY}`, { "x-api-key": "wrong" }, { status: 200 }],
      ["routes?api_key=wrong", {}, denied("wrong apikey")],
      ["routes", { ...none, cookie: `a=b; x_api_key=${ADMIN_KEY}` }, { status: 200 }],
      ["routes", { ...none, cookie: `not_x_api_key=${ADMIN_KEY}` }, denied("missing apikey")],
      ["nope", { "x-api-key": "wrong" }, denied("wrong apikey")],
    ] as const) {
      expect(await get(path, headers), `${path} ${JSON.stringify(headers)}`).toMatchObject(wanted);
    }
  });

  it("is not made in a user's name by a page of another origin, which cookies go with", async () => {
    const world = await aWorld();
    const cookie = { "x-api-key": "", cookie: `x_api_key=${ADMIN_KEY}`, host: "gate.test:9180" };
    for (const [headers, status] of [
      [{ "sec-fetch-site": "same-origin", origin: "https://behind-a-proxy.test" }, 201],
      [{ "sec-fetch-site": "none" }, 201],
      [{ "sec-fetch-site": "cross-site" }, 401],
      [{ "sec-fetch-site": "same-site" }, 401],
      [{ origin: "http://gate.test:9180" }, 201],
      [{ origin: "http://gate.test:8080" }, 401],
      [{ origin: "null" }, 401],
      // Whoever can set this header knows the key.
      [{ "sec-fetch-site": "cross-site", "x-api-key": ADMIN_KEY }, 201],
    ] as const) {
      const answer = await world.call("POST", "routes", ROUTE, { ...cookie, ...headers });
      expect(answer.status, JSON.stringify(headers)).toBe(status);
    }
  });

  it("of a viewer only reads", async () => {
    const world = await aWorld();
    const viewer = { "x-api-key": VIEWER_KEY };
    expect(await world.call("GET", "routes", undefined, viewer)).toMatchObject({ status: 200 });
    for (const method of ["PUT", "POST", "PATCH", "DELETE"]) {
      const body = method === "DELETE" ? undefined : ROUTE;
      expect(await world.call(method, "routes/1", body, viewer)).toMatchObject({
        status: 401,
        body: { description: "invalid method for role viewer" },
      });
    }
  });

  it("comes from an allowed address, which no header can claim", async () => {
    for (const [client, allow, status] of [
      ["127.0.0.1", ["127.0.0.0/24"], 200],
      ["::ffff:127.0.0.1", ["127.0.0.0/24"], 200],
      ["::1", ["::1"], 200],
      ["10.1.2.3", ["127.0.0.0/24"], 403],
      ["127.0.1.1", ["127.0.0.0/24"], 403],
      ["", ["0.0.0.0/0", "::/0"], 403],
    ] as const) {
      const world = await aWorld({ client, allow });
      const headers = { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" };
      const answer = await world.call("GET", "routes", undefined, headers);
      expect(answer.status, client).toBe(status);
      if (status === 403) expect(answer.body).toContain("<h1>403 Forbidden</h1>");
    }
  });

  it("is answered with the headers that clients look at", async () => {
    const world = await aWorld();
    const { headers } = await world.call("GET", "routes");
    expect(/APISIX\/(.*)/.exec(headers.get("server") ?? "")?.[1]).toBe("3.18.0");
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("x-api-version")).toBe("v3");
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-expose-headers")).toBe("*");
    const none = { "x-api-key": "" };
    const options = await world.call("OPTIONS", "routes/1", undefined, none);
    expect(options).toMatchObject({ status: 200, body: "" });
    expect(options.headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(options.headers.get("access-control-allow-headers")).toBe("*");
    expect((await world.call("HEAD", "/apisix/admin", undefined, none)).status).toBe(200);
    const without = await aWorld({ cors: false });
    expect((await without.call("GET", "routes")).headers.has("access-control-allow-origin")).toBe(
      false,
    );
    const configs = await world.call("POST", "configs/validate", {});
    expect(configs.headers.has("x-api-version")).toBe(false);
  });

  it("of a path or verb that is none gets nginx's page", async () => {
    const world = await aWorld();
    for (const [method, path] of [
      ["GET", "/nope"],
      ["GET", "/apisix/admin"],
      ["GET", "/apisix/admin/"],
      ["POST", "schema/route"],
      ["FOO", "routes"],
      ["GET", "routes/%ff"],
    ] as const) {
      const answer = await world.call(method, path);
      expect(answer.status, `${method} ${path}`).toBe(404);
      expect(answer.body).toContain("<h1>404 Not Found</h1>");
    }
  });

  it("has a body of at most 1.5 MiB, announced or not", async () => {
    const world = await aWorld();
    const big = new TextEncoder().encode(JSON.stringify({ ...ROUTE, desc: "x".repeat(1_600_000) }));
    const wanted = { status: 400, body: { error_msg: expect.stringContaining("is greater than") } };
    const announced = { "content-length": String(big.length) };
    expect(await world.call("PUT", "routes/1", big, announced)).toMatchObject(wanted);
    expect(await world.call("PUT", "routes/1", big)).toMatchObject(wanted);
    // Just small enough for us, and more than etcd takes with the rest of the request.
    const nearly = { username: "jack", plugins: { "key-auth": { key: "x".repeat(1_572_800) } } };
    const answer = await world.call("PUT", "consumers", nearly);
    expect(answer.status).toBe(400);
    expect(await world.stored("consumers/jack")).toBeUndefined();
  });

  it("leaves a line in the log for every write: who, what, and the revisions", async () => {
    const world = await aWorld();
    const key = `${world.prefix}/routes/1`;
    await world.call("PUT", "routes/1?ttl=60", ROUTE);
    await world.call("PATCH", "routes/1", { desc: "x" });
    await world.call("PUT", "routes/1", { nope: 1 });
    await world.call("GET", "routes/1");
    await world.call("DELETE", "routes/1?force=true");
    const writes = world.lines.filter(({ message }) => message === "admin write");
    const common = { by: "ci", role: "admin", key, client: "127.0.0.1" };
    const [put, patch, removed, ...rest] = writes.map(({ fields }) => fields);
    expect(rest).toEqual([]);
    const after = put?.after as number;
    expect(put).toEqual({ ...common, method: "PUT", before: null, after, ttl: "60" });
    expect(patch).toMatchObject({ ...common, method: "PATCH", before: after });
    expect(removed).toMatchObject({ method: "DELETE", before: patch?.after, force: "true" });
    expect(JSON.stringify(world.lines)).not.toContain(ADMIN_KEY);
  });

  it("is answered with 503 while etcd is away", async () => {
    const away = async () => {
      throw new EtcdError("unavailable", "range: UNAVAILABLE: no connection");
    };
    const bend = (transport: EtcdTransport) => ({ ...transport, range: away, txn: away });
    const world = await aWorld({ bend });
    for (const [method, path, body] of [
      ["GET", "routes/1", undefined],
      ["GET", "routes", undefined],
      ["PUT", "routes/1", ROUTE],
      ["POST", "routes", ROUTE],
      ["PATCH", "routes/1", { desc: "x" }],
      ["DELETE", "routes/1", undefined],
    ] as const) {
      expect(await world.call(method, path, body), `${method} ${path}`).toMatchObject({
        status: 503,
        body: { error_msg: expect.stringContaining("UNAVAILABLE") },
      });
    }
    expect(await world.call("GET", "plugins/list")).toMatchObject({ status: 200 });
    // Whether such a write was made nobody knows: who tried it is in the log all the same.
    const path = "/apisix/admin/routes/1";
    const tried = world.lines.filter(({ fields }) => fields.path === path);
    expect(tried.map(({ fields }) => fields.method)).toEqual(["GET", "PUT", "PATCH", "DELETE"]);
    expect(tried[1]?.fields).toMatchObject({ by: "ci", role: "admin", client: "127.0.0.1" });
  });

  it("below /ui/ gets a built Dashboard, and nothing outside of its folder", async () => {
    const ui = join(folder, "dist");
    mkdirSync(join(ui, "assets"), { recursive: true });
    writeFileSync(join(ui, "index.html"), "<p>dashboard</p>");
    writeFileSync(join(ui, "assets", "index-Ab3dE6gH.js"), "1;");
    writeFileSync(join(folder, "secret.txt"), "secret");
    symlinkSync(join(folder, "secret.txt"), join(ui, "link.txt"));
    const world = await aWorld({ uiFolder: ui });
    const get = (path: string) => world.call("GET", path, undefined, { "x-api-key": "" });
    const start = await get("/ui/");
    expect(start).toMatchObject({ status: 200, body: "<p>dashboard</p>" });
    expect(start.headers.get("content-type")).toContain("text/html");
    expect(start.headers.get("cache-control")).toBe("no-cache");
    expect(await get("/ui/routes/detail/1")).toMatchObject({ body: "<p>dashboard</p>" });
    expect(await get("/ui/routes/detail/my.route")).toMatchObject({ body: "<p>dashboard</p>" });
    const script = await get("/ui/assets/index-Ab3dE6gH.js");
    expect(script).toMatchObject({ status: 200 });
    expect(script.headers.get("content-type")).toContain("text/javascript");
    expect(script.headers.get("cache-control")).toContain("immutable");
    expect((await get("/ui")).headers.get("location")).toBe("/ui/");
    for (const path of [
      "/ui/../secret.txt",
      "/ui/%2e%2e/secret.txt",
      "/ui/..%2fsecret.txt",
      "/ui/%2e%2e%2fsecret.txt",
      "/ui/..%5csecret.txt",
      "/ui/link.txt",
      "/ui/missing.js",
      "/ui/a%00.txt",
      `/ui/${encodeURIComponent(join(folder, "secret.txt"))}`,
    ]) {
      const answer = await get(path);
      expect(answer.status, path).toBe(404);
      expect(answer.body).not.toBe("secret");
    }
    expect((await (await aWorld()).call("GET", "/ui/")).status).toBe(404);
  });
});
