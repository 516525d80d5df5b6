import { describe, expect, it } from "vitest";
import { aPluginWorld, type PluginWorldOptions } from "../../support/plugin-world.ts";
import { anUpstream, aRoute, type World } from "../../support/snapshots.ts";

const PATH = "/apisix/batch-requests";
const upstream = anUpstream(["u.test:80"]);

/** A route with the endpoint, and `/a*`, whose upstream answers with what it saw. */
async function aBatchWorld(options: PluginWorldOptions = {}, world: World = {}) {
  const app = aPluginWorld({
    upstream: ({ method, target, headers, body }) =>
      Response.json({ method, target, headers: Object.fromEntries(headers), body }),
    ...options,
  });
  await app.publish({
    ...world,
    routes: {
      batch: aRoute("batch", { uri: PATH, plugins: { "public-api": {} } }),
      a: aRoute("a", { uri: "/a*", upstream }),
      ...world.routes,
    },
  });
  const send = (batch: unknown, init: Parameters<typeof app.get>[1] = {}) =>
    app.get(PATH, {
      method: "POST",
      body: typeof batch === "string" ? batch : JSON.stringify(batch),
      ...init,
    });
  return { ...app, send };
}

interface Answered {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

async function answered(response: Response): Promise<Answered[]> {
  expect(response.status).toBe(200);
  return response.json<Answered[]>();
}

describe("batch-requests", () => {
  it("answers each request by the whole gateway, in their order", async () => {
    const { seen, send } = await aBatchWorld();
    const pipeline = [
      { path: "/a/1" },
      { method: "POST", path: "/a/2", body: "two" },
      { path: "/nowhere" },
      { method: "HEAD", path: "/a/4" },
    ];
    const answer = await send({ pipeline });
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const [one, two, nowhere, head] = await answered(answer);
    expect(seen.map(({ method, target, body }) => [method, target, body])).toEqual([
      ["GET", "/a/1", ""],
      ["POST", "/a/2", "two"],
      ["HEAD", "/a/4", ""],
    ]);
    expect(one).toMatchObject({ status: 200, reason: "OK" });
    expect(one?.headers).toMatchObject({
      "Content-Type": "application/json",
      Server: "APISIX/3.18.0",
    });
    expect(JSON.parse(two?.body ?? "")).toMatchObject({ method: "POST", body: "two" });
    expect(nowhere).toMatchObject({
      status: 404,
      reason: "Not Found",
      body: '{"error_msg":"404 Route Not Found"}\n',
    });
    expect(head).toMatchObject({ status: 200 });
    expect(head).not.toHaveProperty("body");
  });

  it("ends its own answer with a line feed, as all of APISIX's JSON", async () => {
    const { send } = await aBatchWorld();
    expect(await (await send({ pipeline: [{ path: "/a" }] })).text()).toMatch(/^\[.*\]\n$/);
  });

  it("puts the batch's queries and headers into every request that has none of that name", async () => {
    const { seen, send } = await aBatchWorld();
    await send({
      query: { common: "yes", n: 1, flag: true, off: false, list: ["x", "y&"] },
      headers: { "X-Common": "batch", "x-own": "batch", "X-Number": 5 },
      pipeline: [
        { path: "/a" },
        { path: "/a?q=1", query: { n: 2 }, headers: { "X-OWN": "item", Host: "other.test" } },
      ],
    });
    expect(seen.map(({ target }) => target)).toEqual([
      "/a?common=yes&n=1&flag&list=x&list=y%26",
      "/a?q=1&common=yes&n=2&flag&list=x&list=y%26",
    ]);
    const told = (at: number, ...names: string[]) =>
      names.map((name) => seen[at]?.headers.get(name));
    expect(told(0, "x-common", "x-own", "x-number")).toEqual(["batch", "batch", "5"]);
    expect(told(1, "x-common", "x-own")).toEqual(["batch", "item"]);
    expect(seen.map(({ host }) => host)).toEqual(["edge.test", "other.test"]);
  });

  it("hands on the client's own headers, but not those of the batch's body", async () => {
    const { seen, send } = await aBatchWorld();
    const headers = { authorization: "Bearer t", "x-own": "client", "content-type": "a/b" };
    await send(
      { headers: { "x-own": "batch" }, pipeline: [{ method: "POST", path: "/a", body: "1" }] },
      { headers: { ...headers, "accept-encoding": "gzip", "content-language": "de" } },
    );
    const got = Object.fromEntries(seen[0]?.headers ?? []);
    expect(got).toMatchObject({ authorization: "Bearer t", "x-own": "batch" });
    expect(got["content-type"]).not.toBe("a/b");
    expect(got).not.toHaveProperty("content-language");
    expect(got).not.toHaveProperty("accept-encoding");
  });

  it("sends them for the batch's own client, whatever address they claim", async () => {
    const { seen, send } = await aBatchWorld();
    const headers = { "CF-Connecting-IP": "203.0.113.9", "X-Real-IP": "203.0.113.9" };
    await send({ headers, pipeline: [{ path: "/a", headers }] }, { from: "192.0.2.77" });
    expect(seen[0]?.headers.get("x-real-ip")).toBe("192.0.2.77");
  });

  it("lets each request's own route authenticate it", async () => {
    const { send } = await aBatchWorld(
      {},
      {
        consumers: { jack: { username: "jack", plugins: { "key-auth": { key: "k" } } } },
        routes: { a: aRoute("a", { uri: "/a*", upstream, plugins: { "key-auth": {} } }) },
      },
    );
    const pipeline = [{ path: "/a" }, { path: "/a", headers: { apikey: "k" } }];
    const answers = await answered(await send({ pipeline }));
    expect(answers.map(({ status }) => status)).toEqual([401, 200]);
  });

  it("tells lines of Set-Cookie apart", async () => {
    const { send } = await aBatchWorld({
      upstream: () => {
        const response = new Response(null, { status: 201 });
        response.headers.append("set-cookie", "a=1");
        response.headers.append("set-cookie", "b=2");
        return response;
      },
    });
    const [answer] = await answered(await send({ pipeline: [{ path: "/a" }] }));
    expect(answer).toMatchObject({ status: 201, reason: "Created", body: "" });
    expect(answer?.headers["Set-Cookie"]).toEqual(["a=1", "b=2"]);
  });

  it("gives up on a request after `timeout`, and goes on with the next", async () => {
    const { send } = await aBatchWorld({
      upstream: ({ target }) =>
        target === "/a/slow" ? new Promise<Response>(() => {}) : new Response("there"),
    });
    const batch = { timeout: 20, pipeline: [{ path: "/a/slow" }, { path: "/a" }] };
    const [slow, next] = await answered(await send(batch));
    expect(slow).toEqual({ status: 504, reason: "upstream timeout" });
    expect(next).toMatchObject({ status: 200, body: "there" });
  });

  it.each([
    ["a path that is none", { path: "a" }],
    ["a header that is none", { path: "/a", headers: { "x y": "1" } }],
    ["a line feed in a header", { path: "/a", headers: { x: "1\r\ny: 2" } }],
    ["a method that no Worker sends", { path: "/a", method: "CONNECT" }],
  ])("answers 400 in the place of %s", async (_, request) => {
    const { seen, send } = await aBatchWorld();
    const [answer] = await answered(await send({ pipeline: [request] }));
    expect(answer).toEqual({ status: 400, reason: "Bad Request" });
    expect(seen).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["no JSON", "[", "invalid request body: [, err: "],
    ["no object", "[]", "bad request body: wrong type: expected object, got table"],
    ["no pipeline", {}, "bad request body: object matches none of the required"],
    ["an empty pipeline", { pipeline: [] }, "expect array to have at least 1 items"],
    ["a pipeline that is no list", { pipeline: {} }, "wrong type: expected array, got table"],
    ["a timeout of nothing", { pipeline: [{ path: "/a" }], timeout: 0 }, "to be at least 1"],
    ["an unknown method", { pipeline: [{ path: "/a", method: "FOO" }] }, "of the enum values"],
    ["HTTP/2", { pipeline: [{ path: "/a", version: 2 }] }, "of the enum values"],
    ["an empty path", { pipeline: [{ path: "" }] }, "string too short"],
    ["a body that is no text", { pipeline: [{ path: "/a", body: {} }] }, "got table"],
    ["a query that is no object", { pipeline: [{ path: "/a" }], query: "a" }, "got string"],
    ["a field that is not known", { pipeline: [{ paths: "/a" }] }, "forbidden, found paths"],
  ])("answers 400 to %s", async (_, batch, reason) => {
    const { seen, send } = await aBatchWorld();
    const answer = await send(batch);
    expect(answer.status).toBe(400);
    const { error_msg: told } = await answer.json<{ error_msg: string }>();
    expect(told).toContain(reason);
    expect(seen).toEqual([]);
  });

  it("answers 400 to an empty body", async () => {
    const { send } = await aBatchWorld();
    const answer = await send("");
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error_msg: "no request body, you should give at least one pipeline setting",
    });
  });

  it("holds a batch to the limits of its metadata", async () => {
    const metadata = { id: "batch-requests", max_body_size: 60, max_pipeline_items: 2 };
    const { send } = await aBatchWorld({}, { plugin_metadata: { "batch-requests": metadata } });
    const three = await send({ pipeline: [{}, {}, {}] });
    expect(three.status).toBe(400);
    expect(await three.text()).toContain("at most 2 items");
    const long = await send({ pipeline: [{ path: `/a${"a".repeat(60)}` }] });
    expect(long.status).toBe(413);
    expect(await long.text()).toContain("is greater than the maximum size 60 allowed");
    expect((await send({ pipeline: [{ path: "/a" }, {}] })).status).toBe(200);
  });

  it("takes no batch in a batch", async () => {
    const { seen, send } = await aBatchWorld();
    const body = JSON.stringify({ pipeline: [{ path: "/a" }] });
    const [answer] = await answered(
      await send({ pipeline: [{ method: "POST", path: PATH, body }] }),
    );
    expect(answer?.status).toBe(400);
    expect(answer?.body).toContain("cannot hold another one");
    expect(seen).toEqual([]);
  });

  it("is only there for a POST", async () => {
    const { get } = await aBatchWorld();
    expect((await get(PATH)).status).toBe(404);
  });
});
