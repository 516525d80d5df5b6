import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { nameTag, probePlugins } from "../../support/probe-plugins.ts";
import { anUpstream, aRoute, type World } from "../../support/snapshots.ts";

/** `high` runs before `low`, whatever configures them. */
const PRIORITIES = { high: 3000, middle: 1500, low: 1000 };

async function recordOf(world: World, path = "/r", headers: Record<string, string> = {}) {
  const record: string[] = [];
  const own = [...probePlugins(PRIORITIES, record), nameTag];
  const { get, publish, settled, accessLog } = aPluginWorld({ own });
  await publish(world);
  const answer = await get(path, { headers });
  const body = await answer.text();
  await settled();
  return {
    record,
    status: answer.status,
    body,
    headers: answer.headers,
    error: accessLog[0]?.error,
  };
}

const upstream = anUpstream(["u.test:80"]);
const routeWith = (plugins: object, more: object = {}): World => ({
  routes: { r: aRoute("r", { upstream, plugins, ...more }) },
});
const globalWith = (plugins: object, id = "1") => ({ [id]: { id, plugins } });
const phases = (record: readonly string[], phase: string) =>
  record.filter((line) => line.startsWith(`${phase} `)).map((line) => line.slice(phase.length + 1));

describe("plugins run", () => {
  it("by priority in every phase, global rules before the route's, all of a phase before the next", async () => {
    const world = {
      ...routeWith({ low: { as: "low" }, high: { as: "high" } }),
      global_rules: globalWith({ middle: { as: "global" } }),
    };
    const { record, status } = await recordOf(world);
    const wanted = ["rewrite", "access", "beforeProxy", "headerFilter", "bodyFilter", "log"];
    expect(record).toEqual(
      wanted.flatMap((phase) => ["global", "high", "low"].map((name) => `${phase} ${name}`)),
    );
    expect(status).toBe(200);
  });

  it("in the order of _meta.priority where one has it, within its chain alone", async () => {
    const world = {
      ...routeWith({ low: { as: "low", _meta: { priority: 9000 } }, high: { as: "high" } }),
      global_rules: globalWith({ middle: { as: "global", _meta: { priority: -1 } } }),
    };
    const { record } = await recordOf(world);
    expect(phases(record, "rewrite")).toEqual(["global", "low", "high"]);
    expect(phases(record, "log")).toEqual(["global", "low", "high"]);
  });

  it("not where _meta.disable is true", async () => {
    const off = { high: { as: "high", _meta: { disable: true } }, low: { as: "low" } };
    expect(phases((await recordOf(routeWith(off))).record, "access")).toEqual(["low"]);
  });

  it("of the topmost layer that has them: route, plugin_config, service", async () => {
    const { record } = await recordOf({
      ...routeWith({ high: { as: "route" } }, { service_id: "s", plugin_config_id: "c" }),
      plugin_configs: {
        c: { id: "c", plugins: { high: { as: "config" }, middle: { as: "config" } } },
      },
      services: {
        s: { id: "s", plugins: { middle: { as: "service" }, low: { as: "service" } } },
      },
    });
    expect(phases(record, "rewrite")).toEqual(["route", "config", "service"]);
  });
});

describe("a plugin that answers", () => {
  it.each([
    ["rewrite", ["rewrite high"]],
    ["access", ["rewrite high", "rewrite low", "access high"]],
    [
      "beforeProxy",
      ["rewrite high", "rewrite low", "access high", "access low", "beforeProxy high"],
    ],
  ])(
    "in %s keeps later plugins from running until the filters, which all run",
    async (exit, before) => {
      const world = routeWith({ high: { as: "high", exit }, low: { as: "low" } });
      const { record, status, body } = await recordOf(world);
      const after = ["headerFilter", "bodyFilter", "log"];
      expect(record).toEqual([
        ...before,
        ...after.flatMap((phase) => [`${phase} high`, `${phase} low`]),
      ]);
      expect([status, body]).toEqual([418, '{"by":"high"}\n']);
    },
  );

  it("has its body from 400 on replaced by _meta.error_response", async () => {
    const exit = (status: number, error_response: unknown) =>
      recordOf(
        routeWith({ high: { as: "high", exit: "access", status, _meta: { error_response } } }),
      );
    expect((await exit(403, "no")).body).toBe("no");
    expect((await exit(403, { no: 1 })).body).toBe('{"no":1}\n');
    expect((await exit(302, "no")).body).toBe('{"by":"high"}\n');
  });

  it("as a global rule keeps the route's from filtering where it answers before their rewrite", async () => {
    const by = async (exit: string) => {
      const global_rules = globalWith({ high: { as: "global", exit } });
      const { record } = await recordOf({ ...routeWith({ low: { as: "route" } }), global_rules });
      return phases(record, "headerFilter");
    };
    expect(await by("rewrite")).toEqual(["global"]);
    expect(await by("access")).toEqual(["global", "route"]);
  });

  it("as a global rule answers for requests that no route matches, who else get 404", async () => {
    const global_rules = globalWith({ high: { as: "global", exit: "access", status: 403 } });
    expect((await recordOf({ global_rules }, "/nowhere")).status).toBe(403);
    const passing = await recordOf(
      { global_rules: globalWith({ high: { as: "global" } }) },
      "/nowhere",
    );
    expect(passing.status).toBe(404);
    expect(passing.record).toEqual(
      ["rewrite", "access", "headerFilter", "bodyFilter", "log"].map((phase) => `${phase} global`),
    );
  });
});

describe("a plugin that fails", () => {
  it.each(["rewrite", "access", "beforeProxy"])(
    "in %s is answered with 500, and filtered",
    async (fail) => {
      const world = routeWith({ high: { as: "high", fail }, low: { as: "low" } });
      const { record, status, error, headers } = await recordOf(world);
      expect(status).toBe(500);
      expect(error).toBe(`the plugin high failed in ${fail}: Error: high fails`);
      expect(headers.get("server")).toBe("APISIX/3.18.0");
      expect(phases(record, "log")).toEqual(["high", "low"]);
    },
  );

  it.each(["headerFilter", "bodyFilter"])(
    "in %s is answered with 500, without what it was to take out, and logged",
    async (fail) => {
      const world = routeWith({ high: { as: "high", fail }, low: { as: "low" } });
      const { record, status, body, error } = await recordOf(world);
      expect(status).toBe(500);
      expect(body).not.toContain("from u.test");
      expect(error).toBe("a filter failed: high fails");
      expect(phases(record, "log")).toEqual(["high", "low"]);
    },
  );

  it("in its log phase keeps no other from running", async () => {
    const world = routeWith({ high: { as: "high", fail: "log" }, low: { as: "low" } });
    const { record, status } = await recordOf(world);
    expect(status).toBe(200);
    expect(phases(record, "log")).toEqual(["high", "low"]);
  });
});

describe("a consumer's plugins", () => {
  const consumers = {
    jack: {
      username: "jack",
      group_id: "g",
      labels: { custom_id: "7" },
      plugins: { low: { as: "consumer" } },
    },
  };
  const consumer_groups = {
    g: { id: "g", plugins: { low: { as: "group" }, middle: { as: "group" } } },
  };
  const tagged = (plugins: object): World => ({
    ...routeWith({ "name-tag": {}, ...plugins }),
    consumers,
    consumer_groups,
  });

  it("come to the route's after its rewrite: new ones rewrite then, known ones do not again", async () => {
    const { record } = await recordOf(tagged({ low: { as: "route" } }), "/r", { who: "jack" });
    expect(phases(record, "rewrite")).toEqual(["route", "group"]);
    expect(phases(record, "access")).toEqual(["group", "consumer"]);
    expect(phases(record, "log")).toEqual(["group", "consumer"]);
  });

  it("do not run for who is not known", async () => {
    const { record, status } = await recordOf(tagged({ low: { as: "route" } }));
    expect(status).toBe(401);
    expect(phases(record, "rewrite")).toEqual([]);
    expect(phases(record, "headerFilter")).toEqual(["route"]);
  });

  it("do not run where a global rule alone found the consumer and no route matched", async () => {
    const world = { consumers, consumer_groups, global_rules: globalWith({ "name-tag": {} }) };
    const { record, status } = await recordOf(world, "/nowhere", { who: "jack" });
    expect([status, record]).toEqual([404, []]);
  });

  it("tell the upstream who it is, and take what the client said of it", async () => {
    const { get, publish, seen } = aPluginWorld({
      own: [nameTag, ...probePlugins(PRIORITIES, [])],
    });
    await publish(tagged({}));
    await get("/r", { headers: { who: "jack", "x-credential-identifier": "forged" } });
    const { headers } = seen[0] ?? {};
    expect(headers?.get("x-consumer-username")).toBe("jack");
    expect(headers?.get("x-consumer-custom-id")).toBe("7");
    expect(headers?.get("x-credential-identifier")).toBeNull();
  });
});

describe("_meta.filter", () => {
  const only = (filter: unknown) => routeWith({ high: { as: "high", _meta: { filter } } });

  it("decides once for all phases whether a plugin runs", async () => {
    const filter = [["arg_run", "==", "yes"]];
    expect((await recordOf(only(filter), "/r?run=no")).record).toEqual([]);
    expect((await recordOf(only(filter), "/r?run=yes")).record).toHaveLength(6);
  });

  it("sees a status only where the plugin's first phase is a filter's", async () => {
    expect((await recordOf(only([["status", "==", "200"]]))).record).toEqual([]);
  });
});

it("what lies in the body is read when a plugin asks for it, and still reaches the upstream", async () => {
  const record: string[] = [];
  const own = probePlugins(PRIORITIES, record);
  const { get, serve, seen } = aPluginWorld({ own });
  await serve({ high: { as: "high", reads: "post_arg.user" } });
  const headers = { "content-type": "application/json" };
  await get("/r", { method: "POST", body: '{"user":"jack"}', headers });
  expect(phases(record, "access")).toEqual(["high"]);
  expect(seen[0]?.body).toBe('{"user":"jack"}');
});

it("a global rule's plugin that prefers the route is left out where the route has it", async () => {
  const record: string[] = [];
  const [high] = probePlugins({ high: 3000 }, record);
  const { get, publish } = aPluginWorld({ own: high ? [{ ...high, preferRoute: true }] : [] });
  const world = {
    routes: {
      r: aRoute("r", { upstream, plugins: { high: { as: "route" } } }),
      s: aRoute("s", { upstream }),
    },
    global_rules: globalWith({ high: { as: "global" } }),
  };
  await publish(world);
  await get("/r");
  await get("/s");
  expect(phases(record, "access")).toEqual(["route", "global"]);
});

it("a secret that this Worker was not given closes the route, and says which", async () => {
  const { get, serve } = aPluginWorld({
    resolveSecret: (reference) => (reference === "$env://WORD" ? "secret word" : undefined),
  });
  await serve({ echo: { body: "$env://WORD" } });
  expect(await (await get("/r")).text()).toBe("secret word");
  await serve({ echo: { body: "$env://NONE" } });
  const answer = await get("/r");
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain("plugins.echo: $env://NONE is not among");
});
