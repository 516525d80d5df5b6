import { describe, expect, it } from "vitest";
import { anEdge } from "../../support/edge-world.ts";
import { anUpstream, aRoute, makeSnapshot, type World } from "../../support/snapshots.ts";

async function planOf(world: World, routeId = "r") {
  const edge = anEdge();
  edge.source.publish(await makeSnapshot(world, { generation: 1 }));
  await edge.loader.refresh();
  const plan = await edge.loader.held?.plan(routeId);
  if (!plan) throw new Error("no snapshot");
  return plan;
}

const A = anUpstream(["a.test:80"]);
const B = anUpstream(["b.test:80"]);
const host = (plan: Awaited<ReturnType<typeof planOf>>) => {
  if (plan.is === "refused") return plan.error.status;
  const { destination } = plan;
  return "upstream" in destination ? destination.upstream.nodes[0]?.host : destination.status;
};

/** What route, service and upstreams say, and where the request goes (or the status it gets). */
const table: [string, World, string | number][] = [
  ["the route's own upstream", { routes: { r: aRoute("r", { upstream: A }) } }, "a.test"],
  [
    "upstream_id before an inline upstream",
    { routes: { r: aRoute("r", { upstream: A, upstream_id: "u" }) }, upstreams: { u: B } },
    "b.test",
  ],
  [
    "a number as upstream_id",
    { routes: { r: aRoute("r", { upstream_id: 7 }) }, upstreams: { 7: B } },
    "b.test",
  ],
  [
    "the service's upstream where the route has none",
    {
      routes: { r: aRoute("r", { service_id: "s" }) },
      services: { s: { id: "s", upstream: B } },
    },
    "b.test",
  ],
  [
    "the service's upstream_id before its inline upstream",
    {
      routes: { r: aRoute("r", { service_id: "s" }) },
      services: { s: { id: "s", upstream: B, upstream_id: "u" } },
      upstreams: { u: A },
    },
    "a.test",
  ],
  [
    "the route's inline upstream before the service's upstream_id",
    {
      routes: { r: aRoute("r", { service_id: "s", upstream: A }) },
      services: { s: { id: "s", upstream_id: "u" } },
      upstreams: { u: B },
    },
    "a.test",
  ],
  ["404 for a service that is not there", { routes: { r: aRoute("r", { service_id: "s" }) } }, 404],
  [
    "502 for an upstream that is not there",
    { routes: { r: aRoute("r", { upstream_id: "u" }) } },
    502,
  ],
  [
    "502 rather than the inline upstream beside a dangling id",
    { routes: { r: aRoute("r", { upstream: A, upstream_id: "u" }) } },
    502,
  ],
  [
    "503 for a plugin_config that is not there",
    { routes: { r: aRoute("r", { upstream: A, plugin_config_id: "p" }) } },
    503,
  ],
  ["503 where nobody names an upstream", { routes: { r: aRoute("r", { plugins: {} }) } }, 503],
  [
    "503 for a plugin that guards",
    { routes: { r: aRoute("r", { upstream: A, plugins: { "ext-plugin-pre-req": {} } }) } },
    503,
  ],
  [
    "503 for a guard that the service brings",
    {
      routes: { r: aRoute("r", { service_id: "s" }) },
      services: { s: { id: "s", upstream: A, plugins: { "ext-plugin-pre-req": {} } } },
    },
    503,
  ],
  [
    "503 for a guard that the plugin_config brings",
    {
      routes: { r: aRoute("r", { upstream: A, plugin_config_id: "p" }) },
      plugin_configs: { p: { id: "p", plugins: { "ext-plugin-pre-req": {} } } },
    },
    503,
  ],
  [
    "the upstream where the route switches its service's guard off",
    {
      routes: {
        r: aRoute("r", {
          service_id: "s",
          plugins: { "ext-plugin-pre-req": { _meta: { disable: true } } },
        }),
      },
      services: { s: { id: "s", upstream: A, plugins: { "ext-plugin-pre-req": {} } } },
    },
    "a.test",
  ],
  [
    "the upstream where a plugin is harmless to leave out, or unknown",
    { routes: { r: aRoute("r", { upstream: A, plugins: { gzip: {}, "no-such": {} } }) } },
    "a.test",
  ],
  ["503 for Lua", { routes: { r: aRoute("r", { upstream: A, script: "return 1 + 1" }) } }, 503],
  [
    "an unknown balancer, which an only node does not need",
    { routes: { r: aRoute("r", { upstream: { ...A, type: "fastest" } }) } },
    "a.test",
  ],
  [
    "503 for a scheme that a Worker cannot speak",
    { routes: { r: aRoute("r", { upstream: { ...A, scheme: "grpc" } }) } },
    503,
  ],
];

describe("a matched route", () => {
  it.each(table)("leads to %s", async (_what, world, wanted) => {
    expect(host(await planOf(world))).toBe(wanted);
  });

  it("that is refused says why, and what to do", async () => {
    const plan = await planOf({
      routes: { r: aRoute("r", { plugins: { "ext-plugin-pre-req": {} } }) },
    });
    expect(plan.is === "refused" && plan.error.errorMsg).toMatch(
      /route r is not served: plugins\.ext-plugin-pre-req: .+; .+/,
    );
  });

  it("takes time-out and WebSocket from the route, else WebSocket from the service", async () => {
    const timeout = { connect: 1, send: 2, read: 3 };
    const services = { s: { id: "s", upstream: A, enable_websocket: true } };
    const served = await planOf({
      routes: { r: aRoute("r", { service_id: "s", timeout }) },
      services,
    });
    expect(served).toMatchObject({ timeout, enableWebsocket: true });
    const off = { service_id: "s", enable_websocket: false };
    expect(await planOf({ routes: { r: aRoute("r", off) }, services })).toMatchObject({
      timeout: undefined,
      enableWebsocket: false,
    });
  });

  it("is planned once for a generation", async () => {
    const edge = anEdge();
    const world = { routes: { r: aRoute("r", { upstream: A }) } };
    edge.source.publish(await makeSnapshot(world, { generation: 1 }));
    await edge.loader.refresh();
    const plan = await edge.loader.held?.plan("r");
    expect(edge.loader.held?.plan("r")).toBe(plan);
  });

  it("shares its rotation with other routes of the upstream, and keeps it while that is unchanged", async () => {
    const edge = anEdge();
    const upstreams = { u: anUpstream(["a.test:80", "b.test:80"]) };
    const both = { a: aRoute("a", { upstream_id: "u" }), b: aRoute("b", { upstream_id: "u" }) };
    edge.source.publish(await makeSnapshot({ routes: both, upstreams }, { generation: 1 }));
    await edge.loader.refresh();
    const [one, two] = [await edge.loader.held?.plan("a"), await edge.loader.held?.plan("b")];
    const more = { ...both, c: aRoute("c", { upstream_id: "u" }) };
    edge.source.publish(await makeSnapshot({ routes: more, upstreams }, { generation: 2 }));
    await edge.loader.refresh();
    const three = await edge.loader.held?.plan("c");
    const balancers = [one, two, three].map(
      (plan) =>
        plan?.is === "served" && "balancer" in plan.destination && plan.destination.balancer,
    );
    expect(new Set(balancers).size).toBe(1);
  });
});
