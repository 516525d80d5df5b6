import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream } from "../../support/snapshots.ts";

const inline = (node: string, more: object = {}) => ({
  upstream: { type: "roundrobin", nodes: { [node]: 1 }, ...more },
});

async function nodes(world: ReturnType<typeof aPluginWorld>, times: number, path = "/r") {
  const from = world.seen.length;
  for (let i = 0; i < times; i++) await world.get(path);
  return world.seen.slice(from).map(({ node }) => node);
}

function counts(all: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const one of all) found[one] = (found[one] ?? 0) + 1;
  return found;
}

describe("traffic-split", () => {
  it("shares requests out by weight, in turn, the route's own upstream included", async () => {
    const world = aPluginWorld();
    const weighted_upstreams = [
      { ...inline("a.test:8001"), weight: 3 },
      { upstream_id: "b", weight: 2 },
      { weight: 1 },
    ];
    await world.serve(
      { "traffic-split": { rules: [{ weighted_upstreams }] } },
      { upstreams: { b: anUpstream(["b.test:80"]) } },
    );
    const all = await nodes(world, 12);
    expect(counts(all)).toEqual({ "a.test:8001": 6, "b.test:80": 4, "u.test:80": 2 });
    expect(all.slice(0, 6)).toEqual(all.slice(6));
  });

  it("goes on with its rotation in a new generation whose configuration is the same", async () => {
    const world = aPluginWorld();
    const weighted_upstreams = [{ ...inline("a.test:80"), weight: 1 }, { weight: 3 }];
    const plugins = { "traffic-split": { rules: [{ weighted_upstreams }] } };
    const all: string[] = [];
    for (let i = 0; i < 8; i++) {
      await world.serve(plugins);
      all.push(...(await nodes(world, 1)));
    }
    expect(counts(all)).toEqual({ "a.test:80": 2, "u.test:80": 6 });
  });

  it("takes the first rule of which one condition holds", async () => {
    const world = aPluginWorld();
    const when = (name: string, value: string) => ({ vars: [[name, "==", value]] });
    await world.serve({
      "traffic-split": {
        rules: [
          {
            match: [when("arg_a", "1"), when("http_x_a", "1")],
            weighted_upstreams: [inline("a.test:80")],
          },
          { match: [when("arg_b", "1")], weighted_upstreams: [inline("b.test:80")] },
        ],
      },
    });
    expect(await nodes(world, 1, "/r?a=1&b=1")).toEqual(["a.test:80"]);
    expect(await nodes(world, 1, "/r?b=1")).toEqual(["b.test:80"]);
    expect(await nodes(world, 1)).toEqual(["u.test:80"]);
    await world.get("/r", { headers: { "x-a": "1" } });
    expect(world.seen.at(-1)?.node).toBe("a.test:80");
  });

  it("keeps the route's own upstream without weighted upstreams, and without rules", async () => {
    const world = aPluginWorld();
    await world.serve({ "traffic-split": { rules: [{}] } });
    expect(await nodes(world, 1)).toEqual(["u.test:80"]);
    await world.serve({ "traffic-split": {} });
    expect(await nodes(world, 1)).toEqual(["u.test:80"]);
  });

  it.each([
    ["equally, where all weights are zero", [0, 0], { "a.test:80": 2, "u.test:80": 2 }],
    ["with nothing for a weight of zero", [0, 1], { "u.test:80": 4 }],
  ])("shares out %s", async (_, [a, own], wanted) => {
    const world = aPluginWorld();
    const weighted_upstreams = [{ ...inline("a.test:80"), weight: a }, { weight: own }];
    await world.serve({ "traffic-split": { rules: [{ weighted_upstreams }] } });
    expect(counts(await nodes(world, 4))).toEqual(wanted);
  });

  it("lets the last weight of an id count", async () => {
    const world = aPluginWorld();
    const weighted_upstreams = [
      { upstream_id: "b", weight: 9 },
      { weight: 1 },
      { upstream_id: "b", weight: 1 },
    ];
    await world.serve(
      { "traffic-split": { rules: [{ weighted_upstreams }] } },
      { upstreams: { b: anUpstream(["b.test:80"]) } },
    );
    expect(counts(await nodes(world, 4))).toEqual({ "b.test:80": 2, "u.test:80": 2 });
  });

  it("answers 500 for the share of an id that there is not", async () => {
    const world = aPluginWorld();
    const weighted_upstreams = [{ upstream_id: "gone", weight: 1 }, { weight: 1 }];
    await world.serve({ "traffic-split": { rules: [{ weighted_upstreams }] } });
    const answers = [await world.get("/r"), await world.get("/r")];
    const failed = answers.find(({ status }) => status === 500);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 500]);
    expect(await failed?.text()).toBe("failed to fetch upstream info by upstream id: gone");
  });

  it("takes nodes as a list and IPv6 addresses in brackets", async () => {
    const world = aPluginWorld();
    const list = [{ host: "::1", port: 81, weight: 1 }];
    await world.serve({
      "traffic-split": { rules: [{ weighted_upstreams: [{ upstream: { nodes: list } }] }] },
    });
    expect(await nodes(world, 1)).toEqual(["[::1]:81"]);
  });

  it("turns from one node of an inline upstream to the next across generations", async () => {
    const world = aPluginWorld();
    const upstream = { nodes: { "a.test:80": 1, "b.test:80": 1 } };
    const all: string[] = [];
    for (let i = 0; i < 4; i++) {
      await world.serve({ "traffic-split": { rules: [{ weighted_upstreams: [{ upstream }] }] } });
      all.push(...(await nodes(world, 1)));
    }
    expect(counts(all)).toEqual({ "a.test:80": 2, "b.test:80": 2 });
  });

  it.each([
    ["no address", { nodes: { "a b": 1 } }, "is no host:port"],
    ["no nodes", { service_name: "s", discovery_type: "dns" }, "needs nodes"],
    ["no Host to rewrite to", { nodes: { "a.test:80": 1 }, pass_host: "rewrite" }, "upstream_host"],
  ])("answers 503 with the reason for an inline upstream with %s", async (_, upstream, reason) => {
    const world = aPluginWorld();
    await world.serve({ "traffic-split": { rules: [{ weighted_upstreams: [{ upstream }] }] } });
    const answer = await world.get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain(reason);
  });

  it("answers 503 for the share of an upstream that the edge cannot reach, and for no other", async () => {
    const world = aPluginWorld();
    const weighted_upstreams = [inline("a.test:80", { scheme: "kafka" }), { weight: 1 }];
    await world.serve({ "traffic-split": { rules: [{ weighted_upstreams }] } });
    const statuses = [(await world.get("/r")).status, (await world.get("/r")).status];
    expect(statuses.sort()).toEqual([200, 503]);
  });
});
