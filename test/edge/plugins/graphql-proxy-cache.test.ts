import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream, aRoute, type World } from "../../support/snapshots.ts";

const MEMORY = { cache_strategy: "memory", cache_zone: "m" };
const PURGE_PATH = "/apisix/plugin/graphql-proxy-cache";
const QUERY = "query { a }";

/** `/r*` with the plugin, and its endpoint; the upstream counts. */
async function aCache(settings: object = {}, beside: object = {}, world: World = {}) {
  let count = 0;
  const app = aPluginWorld({
    upstream: ({ headers }) => {
      count += 1;
      const status = Number(headers.get("x-answer") ?? 200);
      return new Response(`answer ${count}`, { status });
    },
  });
  const plugins = { "graphql-proxy-cache": { ...MEMORY, ...settings }, ...beside };
  const purge = aRoute("purge", { uri: `${PURGE_PATH}/*`, plugins: { "public-api": {} } });
  const other = aRoute("other", { uri: "/other", upstream: anUpstream(["u.test:80"]), plugins });
  await app.serve(plugins, { ...world, routes: { purge, other } });
  const told = async (answer: Response) =>
    `${answer.headers.get("apisix-cache-status")} ${await answer.text()}`;
  const post = (body: string, headers: Record<string, string> = {}, path = "/r") => {
    const type = { "content-type": "application/json" };
    return app.get(path, { method: "POST", body, headers: { ...type, ...headers } });
  };
  /** Status of the cache and the body of the answer to a JSON body. */
  const ask = async (body: object, headers: Record<string, string> = {}, path = "/r") =>
    told(await post(JSON.stringify(body), headers, path));
  return { ...app, ask, post, told };
}

describe("graphql-proxy-cache", () => {
  it("keeps the answer to a query, by all that was asked", async () => {
    const { ask, seen } = await aCache();
    expect(await ask({ query: QUERY, variables: { n: 1 } })).toBe("MISS answer 1");
    expect(await ask({ query: QUERY, variables: { n: 1 } })).toBe("HIT answer 1");
    expect(await ask({ query: QUERY, variables: { n: 2 } })).toBe("MISS answer 2");
    expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ query: QUERY, variables: { n: 1 } });
  });

  it("takes queries from arguments and from application/graphql too", async () => {
    const { get, post, told } = await aCache();
    const path = `/r?query=${encodeURIComponent(QUERY)}`;
    expect(await told(await get(path))).toBe("MISS answer 1");
    expect(await told(await get(path))).toBe("HIT answer 1");
    const type = { "content-type": "application/graphql" };
    expect(await told(await post(QUERY, type))).toBe("MISS answer 2");
    expect(await told(await post(QUERY, type))).toBe("HIT answer 2");
  });

  it("lets go past it what has a mutation anywhere", async () => {
    const { ask, seen } = await aCache();
    const query = `${QUERY} mutation M { b }`;
    expect(await ask({ query, operationName: "M" })).toBe("BYPASS answer 1");
    expect(await ask({ query, operationName: "M" })).toBe("BYPASS answer 2");
    expect(seen).toHaveLength(2);
  });

  it("keeps answers for cache_ttl, and none but those with 200", async () => {
    const { ask, clock } = await aCache({ cache_ttl: 10 });
    await ask({ query: QUERY }, { "x-answer": "404" });
    expect(await ask({ query: QUERY })).toBe("MISS answer 2");
    clock.now += 10_001;
    expect(await ask({ query: QUERY })).toBe("EXPIRED answer 3");
  });

  it("tells routes and consumers apart", async () => {
    const consumer = (username: string) => ({
      [username]: { username, plugins: { "key-auth": { key: username } } },
    });
    const world = { consumers: { ...consumer("jack"), ...consumer("rose") } };
    const { ask } = await aCache({}, { "key-auth": {} }, world);
    await ask({ query: QUERY }, { apikey: "jack" });
    expect(await ask({ query: QUERY }, { apikey: "rose" })).toBe("MISS answer 2");
    expect(await ask({ query: QUERY }, { apikey: "jack" }, "/other")).toBe("MISS answer 3");
    expect(await ask({ query: QUERY }, { apikey: "jack" })).toBe("HIT answer 1");
  });

  it("is purged through its endpoint, by the key that the client was told", async () => {
    const { ask, get, post } = await aCache();
    const first = await post(JSON.stringify({ query: QUERY }));
    await first.text();
    const key = first.headers.get("apisix-cache-key");
    const purge = async (path: string) =>
      (await get(`${PURGE_PATH}/${path}`, { method: "PURGE" })).status;
    expect(await purge(`memory/other/${key}`)).toBe(404);
    expect(await purge(`memory/r/${key}`)).toBe(200);
    expect(await purge(`memory/r/${key}`)).toBe(404);
    expect(await ask({ query: QUERY })).toBe("MISS answer 2");
    expect((await get(`${PURGE_PATH}/memory/r/${key}`)).status).toBe(404);
  });

  it.each([
    ["no body", "", "cant't get graphql request body"],
    ["no text", new Uint8Array([0x22, 0xff, 0x22]), "cant't get graphql request body"],
    ["no JSON", "{", "no query"],
    ["no object", "[1]", "no query"],
    ["no query", '{"variables":{}}', "no query"],
    ["a query that is none", '{"query":"{ a "}', "failed to parse graphql query"],
    ["a query that is no text", '{"query":1}', "failed to parse graphql query"],
    ["more than a mebibyte", " ".repeat(1024 * 1024 + 1), "cant't get graphql request body"],
  ])("answers 400 to a POST with %s", async (_, body, reason) => {
    const { get, seen } = await aCache();
    const headers = { "content-type": "application/json" };
    const answer = await get("/r", { method: "POST", body, headers });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message: `Invalid graphql request: ${reason}` });
    expect(seen).toEqual([]);
  });

  it.each([
    ["GET", "/r", "cant't get graphql request body"],
    ["GET", "/r?a=1", "no query"],
    ["GET", "/r?query=%7B", "failed to parse graphql query"],
    ["POST", "/r", "no query"],
  ])("answers 400 to a %s of %s without a type or a query", async (method, path, reason) => {
    const { get } = await aCache();
    const answer = await get(path, { method, ...(method === "POST" && { body: QUERY }) });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(reason);
  });

  it("answers 405 to other methods", async () => {
    const { get } = await aCache();
    expect((await get("/r", { method: "PUT", body: QUERY })).status).toBe(405);
  });
});
