import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../../edge/plugins/plugin.ts";
import { aCache, MEMORY, statusOf } from "../../../support/cache-world.ts";
import { anUpstream, aRoute } from "../../../support/snapshots.ts";

const TTL_SECONDS = 300;
const upstream = anUpstream(["u.test:80"]);

describe("proxy-cache", () => {
  it("answers from the cache what it has kept, with its age", async () => {
    const { ask, get, pass, seen } = await aCache();
    const headers = { "x-answer-content-type": "text/csv", "x-answer-x-own": "1" };
    expect(await ask("/r?a=1", headers)).toBe("MISS answer 1");
    pass(12.7);
    const hit = await get("/r?a=1");
    expect(hit.status).toBe(200);
    expect(Object.fromEntries(hit.headers)).toMatchObject({
      "apisix-cache-status": "HIT",
      age: "12",
      "content-type": "text/csv",
      "x-own": "1",
    });
    expect(await hit.text()).toBe("answer 1");
    expect(seen).toHaveLength(1);
  });

  it("keeps it as long as cache_ttl says, and tells that it was there", async () => {
    const { ask, pass } = await aCache();
    const headers = { "x-answer-cache-control": "max-age=5", "x-answer-expires": "0" };
    await ask("/r", headers);
    pass(TTL_SECONDS);
    expect(await ask()).toBe("HIT answer 1");
    pass(0.001);
    expect(await ask()).toBe("EXPIRED answer 2");
    expect(await ask()).toBe("HIT answer 2");
    pass(TTL_SECONDS + 3601);
    expect(await ask()).toBe("MISS answer 3");
  });

  it("keeps answers of other paths, queries and hosts apart", async () => {
    const { ask, get } = await aCache();
    await ask("/r");
    expect(await ask("/r/a")).toBe("MISS answer 2");
    expect(await ask("/r?a")).toBe("MISS answer 3");
    expect(statusOf(await get("/r", { host: "other.test" }))).toBe("MISS");
  });

  it("makes its key of what cache_key names, without letting parts run into one another", async () => {
    const { ask } = await aCache({ cache_key: ["$arg_a", "--", "$arg_b"] });
    await ask("/r?a=1&b=2&c=3");
    expect(await ask("/r/other?b=2&a=1")).toBe("HIT answer 1");
    expect(await ask("/r?a=1--2")).toBe("MISS answer 2");
  });

  it("shares a zone between routes, but not between zones", async () => {
    const { ask, publish } = await aCache();
    const plugin = { ...MEMORY, cache_key: ["$host"] };
    const route = (id: string, more: object = {}) => ({
      [id]: aRoute(id, {
        uri: `/${id}`,
        upstream,
        plugins: { "proxy-cache": { ...plugin, ...more } },
      }),
    });
    await publish({
      routes: { ...route("a"), ...route("b"), ...route("c", { cache_zone: "other" }) },
    });
    const statuses = [];
    for (const path of ["/a", "/b", "/c"]) statuses.push(await ask(path));
    expect(statuses).toEqual(["MISS answer 1", "HIT answer 1", "MISS answer 2"]);
  });

  it("answers HEAD from what a GET has left, and keeps nothing of a HEAD", async () => {
    const { ask, get } = await aCache();
    expect(await ask("/r", {}, "HEAD")).toBe("MISS ");
    expect(await ask()).toBe("MISS answer 2");
    expect(statusOf(await get("/r", { method: "HEAD" }))).toBe("HIT");
  });

  it("asks the upstream for every method that cache_method has not", async () => {
    const { ask } = await aCache({ cache_method: ["GET"] });
    await ask();
    expect(await ask("/r", {}, "POST")).toBe("MISS answer 2");
    expect(await ask("/r", {}, "HEAD")).toBe("MISS ");
    expect(await ask()).toBe("HIT answer 1");
  });

  it.each([
    [200, "HIT"],
    [301, "HIT"],
    [404, "HIT"],
    [302, "MISS"],
    [500, "MISS"],
  ])("after an answer with %i, by default, says %s", async (status, wanted) => {
    const { get } = await aCache();
    const headers = { "x-answer": String(status) };
    await (await get("/r", { headers, redirect: "manual" })).text();
    const next = await get("/r", { headers });
    expect([next.status, statusOf(next)]).toEqual([status, wanted]);
  });

  it("keeps parts of an answer for nobody, whatever cache_http_status says", async () => {
    const { ask } = await aCache({ cache_http_status: [206] });
    await ask("/r", { "x-answer": "206" });
    expect(await ask()).toBe("MISS answer 2");
  });

  it("keeps no answer of the gateway's own", async () => {
    const { get } = await aCache(
      { cache_http_status: [503] },
      { beside: { "limit-fault": {} }, own: [refuser] },
    );
    expect(statusOf(await get("/r"))).toBe("MISS");
    expect(statusOf(await get("/r"))).toBe("MISS");
  });

  it.each([
    ["cache_bypass", "$arg_x", "/r?x=1", "BYPASS answer 2"],
    ["cache_bypass", "$arg_x", "/r?x=0", "HIT answer 1"],
    ["cache_bypass", "$arg_x", "/r?x=", "HIT answer 1"],
    ["cache_bypass", "$arg_y", "/r?x=1", "HIT answer 1"],
  ])("with %s on %s, answers %s with %s", async (option, variable, path, wanted) => {
    const { ask } = await aCache({ cache_key: ["$host"], [option]: [variable] });
    await ask();
    expect(await ask(path)).toBe(wanted);
    expect(await ask()).toBe("HIT answer 1");
  });

  it("with disk, what went around the cache takes the place of what was in it", async () => {
    const settings = { cache_strategy: "disk", cache_key: ["$host"], cache_bypass: ["$arg_x"] };
    const { ask } = await aCache(settings);
    await ask();
    expect(await ask("/r?x=1")).toBe("BYPASS answer 2");
    expect(await ask()).toBe("HIT answer 2");
  });

  it.each([
    ["/r?n=1", "", "MISS"],
    ["/r?n=0", "", "HIT"],
    ["/r?n=", "secret", "MISS"],
  ])("does not keep what no_cache says of %s and an answer's %j", async (path, own, wanted) => {
    const settings = { cache_key: ["$host"], no_cache: ["$arg_n", "$upstream_http_x_own"] };
    const { ask } = await aCache(settings);
    await ask(path, { "x-answer-x-own": own });
    expect(await ask("/r")).toMatch(new RegExp(`^${wanted}`));
  });

  it("may decide by what lies in the request's body", async () => {
    const settings = {
      cache_method: ["POST"],
      cache_key: ["$post_arg_k"],
      no_cache: ["$post_arg_n"],
    };
    const { get, seen } = await aCache(settings);
    const post = async (body: string) => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const answer = await get("/r", { method: "POST", body, headers });
      return `${statusOf(answer)} ${await answer.text()}`;
    };
    expect(await post("k=1")).toBe("MISS answer 1");
    expect(await post("k=1")).toBe("HIT answer 1");
    expect(await post("k=2&n=1")).toBe("MISS answer 2");
    expect(await post("k=2")).toBe("MISS answer 3");
    expect(seen.map(({ body }) => body)).toEqual(["k=1", "k=2&n=1", "k=2"]);
  });

  it.each([
    ["cache-control", "private, max-age=60"],
    ["cache-control", "No-Store"],
    ["cache-control", "max-age=60,no-cache"],
    ["set-cookie", "session=1"],
    ["vary", "accept, *"],
  ])("never keeps an answer with %s: %s", async (name, value) => {
    for (const strategy of [{}, { cache_strategy: "disk" }]) {
      const { ask } = await aCache(strategy);
      await ask("/r", { [`x-answer-${name}`]: value });
      expect(await ask()).toBe("MISS answer 2");
    }
  });

  it("keeps cookies where it is told to", async () => {
    const { ask, get } = await aCache({ cache_set_cookie: true });
    await ask("/r", { "x-answer-set-cookie": "a=1" });
    const hit = await get("/r");
    expect([statusOf(hit), hit.headers.getSetCookie()]).toEqual(["HIT", ["a=1"]]);
  });

  it("keeps what the upstream said, and nothing that plugins have put to it", async () => {
    const { ask, get } = await aCache(
      { cache_set_cookie: true },
      { beside: { visitor: {}, "request-id": {} }, own: [visitor] },
    );
    await ask("/r", { "x-visitor": "jack" });
    const hit = await get("/r", { headers: { "x-visitor": "rose" } });
    expect(statusOf(hit)).toBe("HIT");
    expect(hit.headers.getSetCookie()).toEqual(["visitor=rose"]);
  });

  it("lets plugins work on an answer from the cache as on any other", async () => {
    const { get } = await aCache({}, { beside: { echo: { before_body: "<" } } });
    await (await get("/r")).text();
    const hit = await get("/r");
    expect([statusOf(hit), await hit.text()]).toEqual(["HIT", "<answer 1"]);
  });

  it("keeps no count of what a client may still ask", async () => {
    const { ask, get } = await aCache();
    await ask("/r", { "x-answer-x-ratelimit-remaining": "4", "x-answer-x-ratelimit-limit": "5" });
    const hit = await get("/r");
    expect(hit.headers.get("x-ratelimit-limit")).toBe("5");
    expect(hit.headers.has("x-ratelimit-remaining")).toBe(false);
  });

  it("hides Cache-Control and Expires where it is told to, of a kept answer too", async () => {
    const { get } = await aCache({ hide_cache_headers: true });
    const headers = { "x-answer-cache-control": "max-age=9", "x-answer-expires": "0" };
    for (const wanted of ["MISS", "HIT"]) {
      const answer = await get("/r", { headers });
      await answer.text();
      expect(statusOf(answer)).toBe(wanted);
      expect(answer.headers.has("cache-control")).toBe(false);
      expect(answer.headers.has("expires")).toBe(false);
    }
  });
});

const schema = { type: "object", properties: {} } as const;

/** Refuses after the cache has been asked. */
const refuser: OwnPlugin = {
  name: "limit-fault",
  priority: 1000,
  schema,
  plugin: definePlugin(() => ({ build: () => ({ access: () => ({ status: 503 }) }) })),
};

/** Puts a cookie to every answer, before the cache sees it. */
const visitor: OwnPlugin = {
  name: "visitor",
  priority: 2980,
  schema,
  plugin: definePlugin(() => ({
    build: () => ({
      headerFilter: (exchange, { headers }) =>
        headers.append("set-cookie", `visitor=${exchange.header("x-visitor")}`),
    }),
  })),
};
