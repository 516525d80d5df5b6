import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../edge/plugins/plugin.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { BROKEN_RATE_LIMITS, RATE_LIMITS } from "../../support/rate-limits.ts";
import { anUpstream, aRoute } from "../../support/snapshots.ts";

const base = { count: 2, time_window: 60, rejected_code: 429 };
const REDIS = { policy: "redis", redis_host: "127.0.0.1" };
const shared = { deps: { bindings: { RATE_LIMITS } } };

/** Answers with the variable that loggers read. */
const tellingLimits: OwnPlugin = {
  name: "telling-limits",
  priority: 1,
  schema: { type: "object" },
  plugin: definePlugin(() => ({
    build: () => ({
      headerFilter({ variables }, { headers }) {
        headers.set("x-limits", String(variables.get("rate_limiting_info")));
      },
    }),
  })),
};

/** Limit, remaining, reset; and the status. */
function told({ status, headers }: Response, names = "x-ratelimit") {
  const of = (what: string) => headers.get(`${names}-${what}`);
  return `${status} ${of("limit")} ${of("remaining")} ${of("reset")}`;
}

describe("limit-count", () => {
  it("counts a client's requests in a window that begins with the first", async () => {
    const { clock, get, seen, serve } = aPluginWorld();
    await serve({ "limit-count": base });
    expect(told(await get("/r"))).toBe("200 2 1 60");
    clock.now += 1234;
    expect(told(await get("/r/other"))).toBe("200 2 0 58.76");
    const no = await get("/r");
    expect(told(no)).toBe("429 2 0 58.76");
    expect(await no.text()).toContain("<h1>429 Too Many Requests</h1>");
    expect(told(await get("/r", { from: "192.0.2.2" }))).toBe("200 2 1 60");
    clock.now += 58_766;
    expect(told(await get("/r"))).toBe("200 2 1 60");
    expect(seen).toHaveLength(4);
  });

  it("says no with its own words, and hides what it counts, where it is told to", async () => {
    const { get, serve } = aPluginWorld();
    const hidden = { show_limit_quota_header: false, rejected_msg: "slow down" };
    await serve({ "limit-count": { ...base, count: 1, ...hidden } });
    await get("/r");
    const no = await get("/r");
    expect(told(no)).toBe("429 null null null");
    expect(await no.text()).toBe('{"error_msg":"slow down"}\n');
  });

  it.each<[string, object, [string, string], [string, string]]>([
    ["a header", { key: "http_x_k" }, ["x-k", "1"], ["x-k", "2"]],
    [
      "the client's address where the key is nothing",
      { key: "nosuch" },
      ["from", "a"],
      ["from", "b"],
    ],
    [
      "what variables make together, of which one may be missing",
      { key: "$http_x_k and $http_x_l", key_type: "var_combination" },
      ["x-k", "1"],
      ["x-l", "1"],
    ],
    [
      "the address where none of them is there",
      { key: "$http_x_m/$http_x_n", key_type: "var_combination" },
      ["from", "a"],
      ["from", "b"],
    ],
  ])("counts by %s", async (_, key, one, other) => {
    const { get, serve } = aPluginWorld();
    await serve({ "limit-count": { ...base, count: 1, ...key } });
    const send = async ([name, value]: [string, string]) => {
      const init = name === "from" ? { from: `192.0.2.${value === "a" ? 1 : 2}` } : {};
      return (await get("/r", { ...init, headers: { [name]: value } })).status;
    };
    expect([await send(one), await send(other), await send(one), await send(other)]).toEqual([
      200, 200, 429, 429,
    ]);
  });

  it("counts all together by a constant, even one that looks like a template", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "limit-count": { ...base, key: "$remote_addr", key_type: "constant" } });
    for (const from of ["192.0.2.1", "192.0.2.2"]) await get("/r", { from });
    expect((await get("/r", { from: "192.0.2.3" })).status).toBe(429);
  });

  it("takes templates for numbers; the counter is one for all of them", async () => {
    const { get, serve } = aPluginWorld();
    const numbers = { count: `\${http_x_c ?? 2}`, time_window: `\${arg_w ?? 60}` };
    await serve({ "limit-count": { ...base, ...numbers } });
    const send = (c: string) => get("/r", { headers: { "x-c": c } });
    expect(told(await get("/r"))).toBe("200 2 1 60");
    expect(told(await send("4"))).toBe("200 4 2 60");
    expect(told(await send("1"))).toBe("429 1 0 60");
  });

  it.each(["x", "0", "-1", "1.5", "1e300", "", "nan"])(
    "answers 500 where a template makes %j of a number",
    async (c) => {
      const { get, log, serve } = aPluginWorld();
      await serve({ "limit-count": { ...base, count: "$http_x_c" } });
      const answer = await get("/r", { headers: { "x-c": c } });
      expect(told(answer)).toBe("500 null null null");
      expect(log).toHaveLength(1);
    },
  );

  it("lets such a request pass where it may degrade", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "limit-count": { ...base, count: "$http_x_c", allow_degradation: true } });
    expect(told(await get("/r"))).toBe("200 null null null");
  });

  it("weighs the window before where it slides", async () => {
    const { clock, get, serve } = aPluginWorld();
    clock.now = 1_700_000_040_000;
    await serve({ "limit-count": { ...base, window_type: "sliding" } });
    for (const wanted of ["200 2 1 60", "200 2 0 60", "429 2 0 60"]) {
      expect(told(await get("/r"))).toBe(wanted);
    }
    clock.now += 60_000;
    expect(told(await get("/r"))).toBe("429 2 0 0");
    clock.now += 40_001;
    expect(told(await get("/r"))).toBe("200 2 0 20");
  });

  it("tells it in a variable too", async () => {
    const { get, serve } = aPluginWorld({ own: [tellingLimits] });
    await serve({ "limit-count": base, "telling-limits": {} });
    const { headers } = await get("/r");
    expect(JSON.parse(headers.get("x-limits") ?? "")).toEqual({
      rate_limiting_key: expect.stringMatching(/^limit-count:routes\/r:[0-9a-f]{16}:192\.0\.2\.1$/),
      rate_limiting_limit: 2,
      rate_limiting_remaining: 1,
      rate_limiting_reset: 60,
    });
  });
});

describe("limit-count with rules", () => {
  const rules = [
    { count: 2, time_window: 60, key: `\${http_x_k}` },
    { count: 3, time_window: 60, key: "$remote_addr", header_prefix: "Client" },
  ];

  it("counts by each that applies, and stops at the first that is used up", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "limit-count": { rejected_code: 429, rules } });
    const send = async (headers: Record<string, string>) => {
      const answer = await get("/r", { headers });
      return [told(answer, "x-1-ratelimit"), told(answer, "x-client-ratelimit")];
    };
    expect(await send({ "x-k": "1" })).toEqual(["200 2 1 60", "200 3 2 60"]);
    expect(await send({})).toEqual(["200 null null null", "200 3 1 60"]);
    expect(await send({ "x-k": "1" })).toEqual(["200 2 0 60", "200 3 0 60"]);
    expect(await send({ "x-k": "1" })).toEqual(["429 2 0 60", "429 null null null"]);
    expect(await send({})).toEqual(["429 null null null", "429 3 0 60"]);
  });

  it("counts apart for rules whose keys come to the same", async () => {
    const { get, serve } = aPluginWorld();
    const same = ["$http_x_k", "$http_x_l"].map((key) => ({ count: 2, time_window: 60, key }));
    await serve({ "limit-count": { rules: same } });
    const headers = { "x-k": "1", "x-l": "1" };
    expect((await get("/r", { headers })).status).toBe(200);
    expect((await get("/r", { headers })).status).toBe(200);
    expect((await get("/r", { headers })).status).toBe(503);
  });

  it("answers 500 where none applies, and where one that does has no number", async () => {
    const { get, serve } = aPluginWorld();
    const chosen = { count: "$http_x_c", time_window: 60, key: "$http_x_k" };
    await serve({ "limit-count": { rules: [chosen] } });
    expect((await get("/r")).status).toBe(500);
    expect((await get("/r", { headers: { "x-k": "1", "x-c": "none" } })).status).toBe(500);
    expect((await get("/r", { headers: { "x-k": "1", "x-c": "5" } })).status).toBe(200);
  });
});

describe("the names of limit-count's headers", () => {
  const metadata = (value: object) => ({
    plugin_metadata: { "limit-count": { id: "limit-count", ...value } },
  });

  it("come from its metadata", async () => {
    const { get, serve } = aPluginWorld();
    const names = { limit_header: "X-A-RateLimit-Limit", remaining_header: "X-Left" };
    const rules = [{ count: 2, time_window: 60, key: "$remote_addr" }];
    await serve({ "limit-count": { rules } }, metadata(names));
    const { headers } = await get("/r");
    expect(headers.get("x-a-1-ratelimit-limit")).toBe("2");
    expect(headers.get("x-left")).toBe("1");
    expect(headers.get("x-1-ratelimit-reset")).toBe("60");
  });

  it("refuse every request where they can be none", async () => {
    const { accessLog, get, serve } = aPluginWorld();
    await serve({ "limit-count": base }, metadata({ limit_header: "two words" }));
    expect((await get("/r")).status).toBe(503);
    expect(accessLog[0]?.error).toContain('"two words" is no name of a header');
  });
});

describe("whose counter it is", () => {
  const upstream = anUpstream(["u.test:80"]);
  const one = { count: 1, time_window: 60 };
  const route = (id: string, change: object) => aRoute(id, { uri: `/${id}`, upstream, ...change });

  it("is that of the resource that defines it: a service's is one for all of its routes", async () => {
    const { get, publish } = aPluginWorld();
    const services = { s: { id: "s", plugins: { "limit-count": one } } };
    const routes = { a: route("a", { service_id: "s" }), b: route("b", { service_id: "s" }) };
    await publish({ services, routes });
    expect([(await get("/a")).status, (await get("/b")).status]).toEqual([200, 503]);
  });

  it("is each route's own, although they say the same", async () => {
    const { get, publish } = aPluginWorld();
    const plugins = { "limit-count": one };
    await publish({ routes: { a: route("a", { plugins }), b: route("b", { plugins }) } });
    expect([(await get("/a")).status, (await get("/b")).status]).toEqual([200, 200]);
  });

  it("is not that of a group whose name and key come to the same text", async () => {
    const { get, publish } = aPluginWorld();
    const of = (group: string) => ({ "limit-count": { ...one, key: "http_x_k", group } });
    await publish({
      routes: { a: route("a", { plugins: of("g:1") }), b: route("b", { plugins: of("g") }) },
    });
    expect((await get("/a", { headers: { "x-k": "2" } })).status).toBe(200);
    expect((await get("/b", { headers: { "x-k": "1:2" } })).status).toBe(200);
  });

  it("is one for all of a group", async () => {
    const { get, publish } = aPluginWorld();
    const plugins = { "limit-count": { ...one, group: "g" } };
    await publish({ routes: { a: route("a", { plugins }), b: route("b", { plugins }) } });
    expect([(await get("/a")).status, (await get("/b")).status]).toEqual([200, 503]);
  });

  it("is a consumer's own, on every route", async () => {
    const { get, publish } = aPluginWorld();
    const consumer = (username: string) => ({
      username,
      plugins: { "key-auth": { key: username }, "limit-count": one },
    });
    const plugins = { "key-auth": {}, "limit-count": { count: 9, time_window: 60 } };
    await publish({
      consumers: { jack: consumer("jack"), rose: consumer("rose") },
      routes: { a: route("a", { plugins }), b: route("b", { plugins }) },
    });
    const send = async (path: string, apikey: string) =>
      (await get(path, { headers: { apikey } })).status;
    expect([await send("/a", "jack"), await send("/b", "jack")]).toEqual([200, 503]);
    expect([await send("/b", "rose"), await send("/a", "rose")]).toEqual([200, 503]);
  });

  it("is a global rule's own, beside the route's", async () => {
    const { get, publish } = aPluginWorld();
    const plugins = { "limit-count": { count: 2, time_window: 60 } };
    const own = { "limit-count": { count: 5, time_window: 60 } };
    await publish({
      global_rules: { 1: { id: "1", plugins } },
      routes: { a: route("a", { plugins: own }) },
    });
    expect(told(await get("/a"))).toBe("200 5 4 60");
    expect(told(await get("/nowhere"))).toBe("404 2 0 60");
    expect(told(await get("/a"))).toBe("503 2 0 60");
  });

  it("outlives a generation, ends with the configuration, and is found again with it", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "limit-count": one });
    await get("/r");
    await serve({ "limit-count": { ...one, key: "remote_addr" }, echo: { body: "x" } });
    expect((await get("/r")).status).toBe(503);
    await serve({ "limit-count": { ...one, count: 2 } });
    expect((await get("/r")).status).toBe(200);
    await serve({ "limit-count": one });
    expect((await get("/r")).status).toBe(503);
  });

  it("is told apart by keys that nobody wants to keep whole", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "limit-count": { ...one, key: "http_x_k" } });
    const send = async (k: string) => (await get("/r", { headers: { "x-k": k } })).status;
    const long = "k".repeat(5000);
    expect([await send(`${long}1`), await send(`${long}2`), await send(`${long}1`)]).toEqual([
      200, 200, 503,
    ]);
  });
});

describe("limit-count with a policy of Redis", () => {
  it.each(["redis", "redis-cluster", "redis-sentinel"])(
    "%s is one for all isolates",
    async (policy) => {
      const worlds = Array.from({ length: 4 }, () => aPluginWorld(shared));
      const needed = {
        redis_host: "127.0.0.1",
        redis_cluster_nodes: ["127.0.0.1:7000"],
        redis_cluster_name: "c",
        redis_sentinels: [{ host: "127.0.0.1", port: 26379 }],
        redis_master_name: "m",
      };
      for (const { serve } of worlds) {
        await serve({ "limit-count": { ...base, count: 13, policy, ...needed } });
      }
      const clients = worlds.flatMap(({ get }) => Array.from({ length: 10 }, () => get("/r")));
      const answers = await Promise.all(clients);
      const passed = answers.filter(({ status }) => status === 200);
      expect(passed).toHaveLength(13);
      const left = passed.map(({ headers }) => Number(headers.get("x-ratelimit-remaining")));
      expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 13 }, (_, i) => i));
    },
  );

  it("counts in each isolate and settles later with a sync_interval", async () => {
    const { get, serve } = aPluginWorld(shared);
    await serve({ "limit-count": { ...base, ...REDIS, sync_interval: 1 } });
    expect([(await get("/r")).status, (await get("/r")).status]).toEqual([200, 200]);
    expect((await get("/r")).status).toBe(429);
  });

  it.each<[string, object, string]>([
    ["has no binding", REDIS, "has no binding RATE_LIMITS"],
    ["has none but may degrade", { ...REDIS, allow_degradation: true }, "RATE_LIMITS"],
  ])("refuses every request where the Worker %s", async (_, change, reason) => {
    const { accessLog, get, serve } = aPluginWorld();
    await serve({ "limit-count": { ...base, ...change } });
    expect((await get("/r")).status).toBe(503);
    expect(accessLog[0]?.error).toContain(reason);
  });

  it("refuses an interval that is too short", async () => {
    const { accessLog, get, serve } = aPluginWorld(shared);
    await serve({ "limit-count": { ...base, ...REDIS, sync_interval: 0.01 } });
    expect((await get("/r")).status).toBe(503);
    expect(accessLog[0]?.error).toContain("sync_interval: want at least 0.1 s");
  });

  it("answers 500 where the counter cannot be asked, unless it may degrade", async () => {
    const world = aPluginWorld({ deps: { bindings: { RATE_LIMITS: BROKEN_RATE_LIMITS } } });
    await world.serve({ "limit-count": { ...base, ...REDIS } });
    const answer = await world.get("/r");
    expect([answer.status, await answer.text()]).toEqual([
      500,
      '{"error_msg":"failed to limit count"}\n',
    ]);
    await world.serve({ "limit-count": { ...base, ...REDIS, allow_degradation: true } });
    expect(told(await world.get("/r"))).toBe("200 null null null");
    expect(world.log).toHaveLength(2);
  });
});
