import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../edge/plugins/plugin.ts";
import { aPluginWorld, type PluginWorldOptions } from "../../support/plugin-world.ts";
import { anUpstream, aRoute, type World } from "../../support/snapshots.ts";

const MEMORY = { cache_strategy: "memory", cache_zone: "m" };
const TTL_SECONDS = 300;
const upstream = anUpstream(["u.test:80"]);

/** A route `/r*` with proxy-cache, whose upstream counts; `x-answer-*` of the request are its headers. */
async function aCache(
  settings: object = {},
  options: PluginWorldOptions & { readonly beside?: object; readonly world?: World } = {},
) {
  let count = 0;
  const app = aPluginWorld({
    upstream: ({ headers }) => {
      count += 1;
      const status = Number(headers.get("x-answer") ?? 200);
      const told = [...headers].filter(([name]) => name.startsWith("x-answer-"));
      const answer = new Response(`answer ${count}`, { status });
      for (const [name, value] of told) answer.headers.set(name.slice(9), value);
      return answer;
    },
    ...options,
  });
  const plugins = { "proxy-cache": { ...MEMORY, ...settings }, ...options.beside };
  await app.serve(plugins, options.world);
  /** Status of the cache and the body. */
  const ask = async (path = "/r", headers: Record<string, string> = {}, method = "GET") => {
    const answer = await app.get(path, { headers, method });
    return `${statusOf(answer)} ${await answer.text()}`;
  };
  const pass = (seconds: number) => {
    app.clock.now += seconds * 1000;
  };
  return { ...app, ask, pass };
}

const statusOf = (answer: Response) => answer.headers.get("apisix-cache-status");

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

const NOW_DATE = "Tue, 14 Nov 2023 22:13:20 GMT";
const IN_A_MINUTE = "Tue, 14 Nov 2023 22:14:20 GMT";

describe("proxy-cache with cache_control", () => {
  it.each([
    ["max-age=60", undefined, 60],
    ["max-age=60, s-maxage=10", undefined, 10],
    [undefined, IN_A_MINUTE, 60],
    ["max-age=0", IN_A_MINUTE, 0],
    [undefined, NOW_DATE, 0],
    [undefined, "0", 0],
    ["public", undefined, 0],
  ])("keeps an answer with %s and Expires %s for %i s", async (control, expires, seconds) => {
    const { ask, pass } = await aCache({ cache_control: true });
    await ask("/r", {
      ...(control && { "x-answer-cache-control": control }),
      ...(expires && { "x-answer-expires": expires }),
    });
    pass(seconds);
    expect(await ask()).toBe(seconds === 0 ? "MISS answer 2" : "HIT answer 1");
    pass(1);
    expect(await ask()).toBe(seconds === 0 ? "MISS answer 3" : "EXPIRED answer 2");
  });

  it.each([
    ["no-cache", "BYPASS answer 2"],
    ["no-store", "BYPASS answer 2"],
    ["max-age=10", "STALE answer 2"],
    ["max-age=20", "HIT answer 1"],
    ["max-age=soon", "HIT answer 1"],
    ["min-fresh=41", "STALE answer 2"],
    ["min-fresh=40", "HIT answer 1"],
    ["only-if-cached", "HIT answer 1"],
    ["max-stale=1", "HIT answer 1"],
  ])("does what a client means by %s", async (wish, wanted) => {
    const { ask, pass } = await aCache({ cache_control: true });
    await ask("/r", { "x-answer-cache-control": "max-age=60" });
    pass(20);
    expect(await ask("/r", { "cache-control": wish })).toBe(wanted);
  });

  it("answers 504 to who wants nothing but the cache, and it has nothing", async () => {
    const { get, seen } = await aCache({ cache_control: true });
    const answer = await get("/r", { headers: { "cache-control": "only-if-cached" } });
    expect([answer.status, statusOf(answer)]).toEqual([504, "MISS"]);
    expect(seen).toEqual([]);
  });

  it("without it, listens to no client", async () => {
    const { ask } = await aCache();
    await ask();
    expect(await ask("/r", { "cache-control": "no-cache" })).toBe("HIT answer 1");
  });
});

describe("proxy-cache on disk", () => {
  it.each([
    [{}, TTL_SECONDS],
    [{ "cache-control": "max-age=60" }, 60],
    [{ "cache-control": "max-age=60, s-maxage=20" }, 20],
    [{ expires: IN_A_MINUTE }, 60],
    [{ "x-accel-expires": "30", "cache-control": "max-age=60" }, 30],
    [{ "x-accel-expires": "@1700000050" }, 50],
  ])("keeps an answer with %j for %i s", async (headers, seconds) => {
    const { ask, pass } = await aCache({ cache_strategy: "disk" });
    const told = Object.entries(headers).map(([name, value]) => [`x-answer-${name}`, value]);
    await ask("/r", Object.fromEntries(told));
    pass(seconds);
    expect(await ask()).toBe("HIT answer 1");
    pass(1);
    expect(await ask()).toBe("EXPIRED answer 2");
  });

  it.each([{ "cache-control": "max-age=0" }, { expires: NOW_DATE }, { "x-accel-expires": "0" }])(
    "keeps no answer with %j",
    async (headers) => {
      const { ask } = await aCache({ cache_strategy: "disk" });
      const told = Object.entries(headers).map(([name, value]) => [`x-answer-${name}`, value]);
      await ask("/r", Object.fromEntries(told));
      expect(await ask()).toBe("MISS answer 2");
    },
  );
});

describe("proxy-cache and Vary", () => {
  const vary = { "x-answer-vary": "X-Lang, Accept" };

  it("keeps an answer for each value of the headers that it varies by", async () => {
    const { ask } = await aCache();
    expect(await ask("/r", { ...vary, "x-lang": "de" })).toBe("MISS answer 1");
    expect(await ask("/r", { ...vary, "x-lang": "fr" })).toBe("MISS answer 2");
    expect(await ask("/r", vary)).toBe("MISS answer 3");
    expect(await ask("/r", { "x-lang": "de" })).toBe("HIT answer 1");
    expect(await ask("/r", { "x-lang": "fr" })).toBe("HIT answer 2");
    expect(await ask()).toBe("HIT answer 3");
  });

  it("forgets the others once an answer varies by other headers, or by none", async () => {
    const { ask } = await aCache();
    await ask("/r", { ...vary, "x-lang": "de" });
    await ask("/r", { "x-answer-vary": "x-kind", "x-lang": "fr", "x-kind": "1" });
    expect(await ask("/r", { "x-lang": "de" })).toBe("MISS answer 3");
    await ask("/r", { ...vary, "x-lang": "it" });
    expect(await ask("/r", { "x-lang": "de" })).toBe("HIT answer 3");
  });

  it("keeps 64 of them", async () => {
    const { ask } = await aCache();
    for (let i = 0; i < 65; i++) await ask("/r", { ...vary, "x-lang": `l${i}` });
    expect(await ask("/r", { "x-lang": "l64" })).toBe("HIT answer 65");
    expect(await ask("/r", { "x-lang": "l1" })).toBe("HIT answer 2");
    expect(await ask("/r", { "x-lang": "l0" })).toMatch(/^MISS/);
  });

  it("keeps nothing that varies by what a plugin told the upstream after the cache was asked", async () => {
    const { ask } = await aCache({}, { beside: { labeller: {} }, own: [labeller] });
    const sent = { "x-answer-vary": "x-label", "x-visitor": "jack" };
    await ask("/r", sent);
    expect(await ask("/r", { ...sent, "x-label": "jack" })).toBe("MISS answer 2");
    expect(await ask("/r", { ...sent, "x-visitor": "rose" })).toBe("MISS answer 3");
  });
});

describe("proxy-cache and senders", () => {
  const consumer = (username: string) => ({
    [username]: { username, plugins: { "key-auth": { key: username } } },
  });
  const world = { consumers: { ...consumer("jack"), ...consumer("rose") } };
  const beside = { "key-auth": {} };

  it("keeps what each consumer got for that one", async () => {
    const { ask } = await aCache({}, { beside, world });
    await ask("/r", { apikey: "jack" });
    expect(await ask("/r", { apikey: "rose" })).toBe("MISS answer 2");
    expect(await ask("/r", { apikey: "jack" })).toBe("HIT answer 1");
  });

  it("shares it where consumer_isolation is off, or where the key tells senders apart", async () => {
    for (const settings of [
      { consumer_isolation: false },
      { cache_key: ["$host", "$consumer_group_id"] },
    ]) {
      const { ask } = await aCache(settings, { beside, world });
      await ask("/r", { apikey: "jack" });
      expect(await ask("/r", { apikey: "rose" })).toBe("HIT answer 1");
    }
  });

  it("lets nobody in who is not let in to the route", async () => {
    const { get, ask } = await aCache({ consumer_isolation: false }, { beside, world });
    await ask("/r", { apikey: "jack" });
    expect((await get("/r")).status).toBe(401);
    expect((await get("/r", { method: "PURGE" })).status).toBe(401);
  });

  it("keeps what the upstream told the sender of one Authorization from that of another", async () => {
    const { ask } = await aCache();
    await ask("/r", { authorization: `Basic ${btoa("jack:right")}` });
    expect(await ask("/r", { authorization: `Basic ${btoa("jack:wrong")}` })).toBe("MISS answer 2");
    expect(await ask("/r")).toBe("MISS answer 3");
    expect(await ask("/r", { authorization: `Basic ${btoa("jack:right")}` })).toBe("HIT answer 1");
  });

  it("never takes a consumer for who only claims the name", async () => {
    const { ask, publish } = await aCache();
    const cache = { "proxy-cache": { ...MEMORY, cache_key: ["$host"] } };
    await publish({
      ...world,
      routes: {
        a: aRoute("a", { uri: "/a", upstream, plugins: { ...beside, ...cache } }),
        b: aRoute("b", { uri: "/b", upstream, plugins: cache }),
      },
    });
    expect(await ask("/a", { apikey: "jack" })).toBe("MISS answer 1");
    const claims = { authorization: `Basic ${btoa("jack:x")}`, "x-consumer-username": "jack" };
    expect(await ask("/b", claims)).toBe("MISS answer 2");
  });
});

describe("PURGE", () => {
  it("takes an answer out of the cache", async () => {
    const { ask, get, seen } = await aCache();
    await ask();
    const purged = await get("/r", { method: "PURGE" });
    expect([purged.status, await purged.text()]).toEqual([200, ""]);
    expect(await ask()).toBe("MISS answer 2");
    expect(seen).toHaveLength(2);
  });

  it("answers 404 where there is none, and keeps that answer for nobody", async () => {
    const { ask, get } = await aCache();
    const purged = await get("/r", { method: "PURGE" });
    expect([purged.status, await purged.text()]).toEqual([
      404,
      expect.stringContaining("404 Not Found"),
    ]);
    expect(await ask()).toBe("MISS answer 1");
  });

  it("takes out what has expired, and all variants", async () => {
    const { ask, get, pass } = await aCache();
    const vary = { "x-answer-vary": "x-lang" };
    await ask("/r", { ...vary, "x-lang": "de" });
    await ask("/r", { ...vary, "x-lang": "fr" });
    pass(TTL_SECONDS + 1);
    expect((await get("/r", { method: "PURGE" })).status).toBe(200);
    expect((await get("/r", { method: "PURGE" })).status).toBe(404);
    await ask("/r", { ...vary, "x-lang": "fr" });
    expect(await ask("/r", { "x-lang": "de" })).toBe("MISS answer 4");
  });
});

describe("proxy-cache and bodies", () => {
  const pieces = (...texts: string[]) => {
    const left = texts.map((text) => new TextEncoder().encode(text));
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const next = left.shift();
        if (next) controller.enqueue(next);
        else controller.close();
      },
    });
  };

  it("hands each piece on as it comes, and keeps the whole", async () => {
    const { get } = await aCache({}, { upstream: () => new Response(pieces("one,", "two")) });
    const reader = (await get("/r")).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("one,");
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("two");
    expect((await reader?.read())?.done).toBe(true);
    const hit = await get("/r");
    expect([statusOf(hit), await hit.text()]).toEqual(["HIT", "one,two"]);
  });

  it.each([
    ["told", () => new Response("12345678", { headers: { "content-length": "8" } })],
    ["not told", () => new Response(pieces("1234", "5678"))],
  ])(
    "passes on what is longer than max_resp_body_size, its length %s, and keeps it not",
    async (_, upstream) => {
      const { ask } = await aCache({ max_resp_body_size: 7 }, { upstream });
      expect(await ask()).toBe("MISS 12345678");
      expect(await ask()).toBe("MISS 12345678");
    },
  );

  it("keeps nothing of a body that broke off", async () => {
    let isFirst = true;
    const { ask, get } = await aCache(
      {},
      {
        upstream: () => {
          const broken = new ReadableStream<Uint8Array>({
            start: (controller) => controller.enqueue(new TextEncoder().encode("half")),
            pull: (controller) => controller.error(new Error("reset")),
          });
          const body = isFirst ? broken : "whole";
          isFirst = false;
          return new Response(body);
        },
      },
    );
    await expect((await get("/r")).text()).rejects.toThrow();
    expect(await ask()).toBe("MISS whole");
  });

  it("keeps nothing of a body that its client did not wait for", async () => {
    const { ask, get } = await aCache({}, { upstream: () => new Response(pieces("one,", "two")) });
    const left = await get("/r");
    const reader = left.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(await ask()).toBe("MISS one,two");
    expect(await ask()).toBe("HIT one,two");
  });

  it("keeps a coded body as it is", async () => {
    const gzipped = new Response("plain").body?.pipeThrough(new CompressionStream("gzip"));
    const bytes = await new Response(gzipped).bytes();
    const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
    const { get } = await aCache(
      {},
      { upstream: () => new Response(bytes, { headers, encodeBody: "manual" }) },
    );
    for (const wanted of ["MISS", "HIT"]) {
      const answer = await get("/r");
      expect([statusOf(answer), answer.headers.get("content-encoding")]).toEqual([wanted, "gzip"]);
      expect(await answer.bytes()).toEqual(bytes);
    }
  });

  it("lets a client not wait for a cache that does not answer", async () => {
    const responseCache = {
      get: async () => undefined,
      put: () => new Promise<void>(() => {}),
      delete: async () => false,
    };
    const timers = {
      after: (_ms: number, action: () => void) => {
        queueMicrotask(action);
        return () => {};
      },
    };
    const { ask } = await aCache({}, { deps: { responseCache, timers } });
    expect(await ask()).toBe("MISS answer 1");
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

/** Tells the upstream who asks, after the cache has been asked. */
const labeller: OwnPlugin = {
  name: "labeller",
  priority: 900,
  schema,
  plugin: definePlugin(() => ({
    build: () => ({
      access(exchange) {
        exchange.headers.set("x-label", exchange.header("x-visitor") ?? "");
        return undefined;
      },
    }),
  })),
};
