import { AwsV4Signer } from "aws4fetch";
import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream, aRoute, type World } from "../../support/snapshots.ts";

/** One of the plugins that answer with a function; the function answers `answer`. */
async function aFunction(
  plugins: object,
  answer: () => Response | Promise<Response> = () => new Response("from the function"),
  world: World = {},
) {
  const calls: { url: string; method: string; headers: Headers; body: string }[] = [];
  const call: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    calls.push({
      url: request.url,
      method: request.method,
      headers: new Headers(init?.headers),
      body: await request.text(),
    });
    return answer();
  };
  const app = aPluginWorld({ deps: { fetch: call } });
  const f = aRoute("f", { uri: "/f/*", upstream: anUpstream(["u.test:80"]), plugins });
  await app.serve(plugins, { ...world, routes: { f } });
  return { ...app, calls };
}

const URI = "https://function.test/api/hello";

describe.each(["aws-lambda", "azure-functions", "openfunction"])("%s", (plugin) => {
  it("hands the request to the function, and its answer to the client", async () => {
    const answer = () =>
      new Response("made", {
        status: 201,
        headers: { "x-own": "1", "content-type": "text/csv", connection: "x-hop", "x-hop": "1" },
      });
    const { get, calls, seen } = await aFunction({ [plugin]: { function_uri: URI } }, answer);
    const headers = { "x-a": "1", "cf-ray": "1" };
    const response = await get("/r?b=2&c", { method: "POST", body: "sent", headers });
    expect([response.status, await response.text()]).toEqual([201, "made"]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-own": "1",
      "content-type": "text/csv",
      server: "APISIX/3.18.0",
    });
    expect(response.headers.has("x-hop")).toBe(false);
    const [call] = calls;
    expect(call).toMatchObject({ url: `${URI}?b=2&c`, method: "POST", body: "sent" });
    expect(call?.headers.get("x-a")).toBe("1");
    expect(call?.headers.has("host")).toBe(false);
    expect(call?.headers.has("cf-ray")).toBe(false);
    expect(seen).toEqual([]);
  });

  it("puts what the route's * has taken behind the function's path", async () => {
    const { get, calls } = await aFunction({ [plugin]: { function_uri: URI } });
    await get("/f/a/b");
    expect(calls[0]?.url).toBe(`${URI}/a/b`);
  });

  it("answers 503 where the function cannot be reached, or not in time", async () => {
    const settings = { [plugin]: { function_uri: URI, timeout: 100 } };
    const refused = await aFunction(settings, () => Promise.reject(new Error("refused")));
    expect((await refused.get("/r")).status).toBe(503);
    expect(refused.log).toEqual([`${plugin}: ${URI}: refused`]);
    const slow = await aFunction(settings, () => new Promise(() => {}));
    expect((await slow.get("/r")).status).toBe(503);
  });

  it("answers 400 to a body beyond max_req_body_size", async () => {
    const settings = { [plugin]: { function_uri: URI, max_req_body_size: 3 } };
    const { get, calls } = await aFunction(settings);
    expect((await get("/r", { method: "POST", body: "four" })).status).toBe(400);
    expect(calls).toEqual([]);
  });

  it("follows no redirect", async () => {
    const answer = () =>
      new Response(null, { status: 302, headers: { location: "http://x.test" } });
    const { get } = await aFunction({ [plugin]: { function_uri: URI } }, answer);
    const response = await get("/r", { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "http://x.test"]);
  });

  it("is refused where function_uri is no URL", async () => {
    const { get } = await aFunction({ [plugin]: { function_uri: "hello" } });
    const response = await get("/r");
    expect([response.status, await response.text()]).toEqual([
      503,
      expect.stringContaining("is no URL"),
    ]);
  });
});

describe("azure-functions", () => {
  const metadata = { id: "azure-functions", master_apikey: "mk", master_clientid: "mc" };
  const world = { plugin_metadata: { "azure-functions": metadata } };
  const own = { authorization: { apikey: "k", clientid: "c" } };

  it.each<[string, object, Record<string, string>, (string | null)[]]>([
    ["its own key", own, {}, ["k", "c"]],
    ["the metadata's key where it has none", {}, {}, ["mk", "mc"]],
    ["the client's key before both", own, { "x-functions-key": "ck" }, ["ck", null]],
  ])("sends %s", async (_, settings, headers, wanted) => {
    const plugin = { "azure-functions": { function_uri: URI, ...settings } };
    const { get, calls } = await aFunction(plugin, undefined, world);
    await get("/r", { headers });
    const sent = calls[0]?.headers;
    expect([sent?.get("x-functions-key"), sent?.get("x-functions-clientid")]).toEqual(wanted);
  });
});

describe("openfunction", () => {
  it("sends its token as a name and a password", async () => {
    const authorization = { service_token: "user:pass" };
    const { get, calls } = await aFunction({ openfunction: { function_uri: URI, authorization } });
    await get("/r", { headers: { authorization: "Bearer client" } });
    expect(calls[0]?.headers.get("authorization")).toBe(`Basic ${btoa("user:pass")}`);
  });
});

describe("aws-lambda", () => {
  const iam = { accesskey: "AKID", secretkey: "secret", aws_region: "eu-west-1" };

  it("sends its API key, unless the client has one", async () => {
    const plugin = { "aws-lambda": { function_uri: URI, authorization: { apikey: "k" } } };
    const { get, calls } = await aFunction(plugin);
    await get("/r");
    await get("/r", { headers: { "x-api-key": "own" } });
    expect(calls.map(({ headers }) => headers.get("x-api-key"))).toEqual(["k", "own"]);
  });

  it("signs for AWS with its clock, path, query and body", async () => {
    const { get, calls } = await aFunction({
      "aws-lambda": { function_uri: URI, authorization: { iam } },
    });
    await get("/f/x?b=2&a=1", { method: "POST", body: "sent" });
    const sent = calls[0]?.headers;
    expect(sent?.get("x-amz-date")).toBe("20231114T221320Z");
    const wanted = await new AwsV4Signer({
      url: `${URI}/x?b=2&a=1`,
      method: "POST",
      body: "sent",
      accessKeyId: "AKID",
      secretAccessKey: "secret",
      region: "eu-west-1",
      service: "execute-api",
      datetime: "20231114T221320Z",
    }).sign();
    expect(sent?.get("authorization")).toBe(wanted.headers.get("authorization"));
    expect(sent?.get("authorization")).toContain("SignedHeaders=host;x-amz-date");
  });

  it("signs nothing for a client that brings an Authorization of its own", async () => {
    const { get, calls } = await aFunction({
      "aws-lambda": { function_uri: URI, authorization: { iam } },
    });
    await get("/r", { headers: { authorization: "own" } });
    expect(calls[0]?.headers.get("authorization")).toBe("own");
    expect(calls[0]?.headers.has("x-amz-date")).toBe(false);
  });
});

describe("openwhisk", () => {
  const settings = {
    api_host: "https://whisk.test",
    service_token: "user:pass",
    namespace: "guest",
    action: "hello",
  };
  const json = { "content-type": "application/json" };

  it("asks for the action, and answers with its result", async () => {
    const result = () => Response.json({ hello: "world" });
    const { get, calls } = await aFunction({ openwhisk: { ...settings, package: "p q" } }, result);
    const response = await get("/r?x=1", { method: "PUT", body: '{"a":1}', headers: json });
    expect([response.status, await response.text()]).toEqual([200, '{"hello":"world"}']);
    expect(calls[0]).toMatchObject({
      url:
        "https://whisk.test/api/v1/namespaces/guest/actions/p%20q/hello" +
        "?blocking=true&result=true&timeout=3000",
      method: "POST",
      body: '{"a":1}',
    });
    expect(calls[0]?.headers.get("authorization")).toBe(`Basic ${btoa("user:pass")}`);
  });

  it("lets the action tell status, headers and body", async () => {
    const result = { statusCode: 418, headers: { "x-a": 1, "no header": 2 }, body: { is: "tea" } };
    const { get } = await aFunction({ openwhisk: settings }, () => Response.json(result));
    const response = await get("/r");
    expect([response.status, response.headers.get("x-a")]).toEqual([418, "1"]);
    expect(await response.text()).toBe('{"is":"tea"}\n');
  });

  it.each([
    ["a body that is not announced as JSON", 415, { method: "POST", body: "{}" }, "{}"],
    ["an answer that is no JSON", 503, {}, "<html>"],
  ])("answers %s with %i", async (_, status, init, answer) => {
    const { get } = await aFunction({ openwhisk: settings }, () => new Response(answer));
    expect((await get("/r", init)).status).toBe(status);
  });
});
