import { describe, expect, it } from "vitest";
import type { Chain } from "../../../edge/plugins/chain.ts";
import { mergeConsumer, mergeGlobalRules, mergeRoute } from "../../../shared/resources/merge.ts";
import type { Values } from "../../../shared/resources/resource.ts";
import type { Upstream } from "../../../shared/resources/upstream.ts";
import { anEdge } from "../../support/edge-world.ts";
import { aRoute, makeSnapshot, type World } from "../../support/snapshots.ts";

const A = upstreamTo("a.test");
const B = upstreamTo("b.test");

function upstreamTo(host: string): Upstream {
  const nodes = [{ host, port: 80, weight: 1, priority: 0 }];
  return { type: "roundrobin", scheme: "http", pass_host: "pass", hash_on: "vars", nodes };
}

function route(fields: Partial<Values["routes"]> = {}): Values["routes"] {
  return { id: "r", uri: "/", priority: 0, status: 1, ...fields };
}

function service(fields: Partial<Values["services"]> = {}): Values["services"] {
  return { id: "s", ...fields };
}

describe("plugins are taken whole, by name,", () => {
  const config = { id: "c", plugins: { cors: { from: "config" }, echo: { from: "config" } } };
  const inherited = service({
    plugins: { cors: { from: "service" }, echo: { from: "service" }, csrf: { from: "service" } },
  });

  it("from the route before its plugin_config before its service", () => {
    const own = route({ plugins: { cors: { from: "route", only: 1 } } });
    expect(mergeRoute(own, config, inherited).plugins).toEqual({
      cors: { from: "route", only: 1 },
      echo: { from: "config" },
      csrf: { from: "service" },
    });
  });

  it("even where the one on top is switched off", () => {
    const off = { cors: { _meta: { disable: true } } };
    expect(mergeRoute(route({ plugins: off }), config, inherited).plugins).toMatchObject(off);
  });

  it("from a consumer before its group before the route", () => {
    const group = { id: "g", plugins: { cors: { from: "group" }, echo: { from: "group" } } };
    const consumer = { plugins: { cors: { from: "consumer" } } };
    const own = { cors: { from: "route" }, echo: { from: "route" }, csrf: { from: "route" } };
    expect(mergeConsumer(own, group, consumer)).toEqual({
      cors: { from: "consumer" },
      echo: { from: "group" },
      csrf: { from: "route" },
    });
    expect(mergeConsumer(own, undefined, {})).toEqual(own);
  });

  it("from global rules only where one rule alone has them", () => {
    const rules = [
      { id: "1", plugins: { cors: { from: "1" }, echo: {} } },
      { id: "2", plugins: { cors: { from: "2" }, csrf: {} } },
      { id: "3", plugins: { cors: { from: "3" } } },
    ];
    expect(mergeGlobalRules(rules)).toEqual({
      plugins: { echo: {}, csrf: {} },
      conflicts: ["cors"],
    });
  });
});

describe("of a route and its service,", () => {
  it.each<[string, Partial<Values["routes"]>, Partial<Values["services"]>, object]>([
    ["the route's upstream wins", { upstream: A }, { upstream: B }, { upstream: A }],
    ["it clears the service's id", { upstream: A }, { upstream_id: "u" }, { upstream: A }],
    ["an id wins over an inline one", { upstream: A, upstream_id: 1 }, {}, { upstream_id: 1 }],
    ["and so it does in the service", {}, { upstream: A, upstream_id: 2 }, { upstream_id: 2 }],
    ["the service's upstream is inherited", {}, { upstream: B }, { upstream: B }],
    ["hosts win over the service's", { hosts: ["a"] }, { hosts: ["b"] }, { hosts: ["a"] }],
    ["the service's hosts win over host", { host: "a" }, { hosts: ["b"] }, { hosts: ["b"] }],
    ["host stays where nobody has hosts", { host: "a" }, {}, { host: "a" }],
    [
      "labels are the route's",
      { labels: { a: "1" } },
      { labels: { b: "2" } },
      { labels: { a: "1" } },
    ],
    ["or else the service's", {}, { labels: { b: "2" } }, { labels: { b: "2" } }],
    ["the name is never the service's", {}, { name: "s" }, {}],
    ["scripts are inherited", {}, { script: "return 1 + 1" }, { script: "return 1 + 1" }],
    [
      "WebSockets may be switched off",
      { enable_websocket: false },
      { enable_websocket: true },
      { enable_websocket: false },
    ],
    ["or on by the service", {}, { enable_websocket: true }, { enable_websocket: true }],
    [
      "the time-out is the route's",
      { timeout: { connect: 1, send: 2, read: 3 } },
      {},
      { timeout: { connect: 1, send: 2, read: 3 } },
    ],
  ])("%s", (_what, own, inherited, wanted) => {
    const merged = mergeRoute(route({ ...own, service_id: "s" }), undefined, service(inherited));
    expect(merged).toEqual({ id: "r", plugins: {}, service_id: "s", ...wanted });
  });
});

describe("a consumer's plugins on a route", () => {
  async function chainFor(username: string, world: World) {
    const edge = anEdge();
    const routes = { r: aRoute("r", { upstream: A, plugins: { echo: { body: "route" } } }) };
    edge.source.publish(await makeSnapshot({ routes, ...world }, { generation: 1 }));
    await edge.loader.refresh();
    const snapshot = edge.loader.held;
    const plan = await snapshot?.plan("r");
    if (plan?.is !== "served") throw new Error("the route is not served");
    const chain = snapshot?.chainFor(plan, username);
    return { chain, again: async () => snapshot?.chainFor(plan, username) };
  }

  const configurations = (chain: Chain | undefined) =>
    Object.fromEntries(chain?.links.map(({ name, configuration }) => [name, configuration]) ?? []);

  const consumers = {
    jack: { username: "jack", group_id: 7, plugins: { echo: { body: "jack" } } },
    jill: { username: "jill" },
  };

  it("come from it and its group, are built once, and then kept", async () => {
    const consumer_groups = { 7: { id: "7", plugins: { "request-id": {}, echo: { body: "7" } } } };
    const { again, chain } = await chainFor("jack", { consumers, consumer_groups });
    expect(configurations(await chain)).toEqual({ "request-id": {}, echo: { body: "jack" } });
    expect(await again()).toBe(await chain);
  });

  it("are the route's where it has none", async () => {
    const { chain } = await chainFor("jill", { consumers });
    expect(configurations(await chain)).toEqual({ echo: { body: "route" } });
  });

  it("are 503 where its group is missing, as in APISIX", async () => {
    const { chain } = await chainFor("jack", { consumers });
    await expect(chain).rejects.toMatchObject({ status: 503, errorMsg: undefined });
  });
});
