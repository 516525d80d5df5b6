import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const TO_STABLE = { set_headers: { "X-Label": "stable" }, weight: 3 };
const TO_CANARY = { set_headers: { "X-Label": "canary" } };

async function labels(world: ReturnType<typeof aPluginWorld>, times: number, path = "/r") {
  const from = world.seen.length;
  for (let i = 0; i < times; i++) await world.get(path);
  return world.seen.slice(from).map(({ headers }) => headers.get("x-label"));
}

describe("traffic-label", () => {
  it("sets the headers of the first rule that matches", async () => {
    const world = aPluginWorld();
    await world.serve({
      "traffic-label": {
        rules: [
          { match: [["arg_a", "==", "1"]], actions: [{ set_headers: { "X-Label": "$arg_a" } }] },
          { match: ["OR", ["arg_b", "==", "1"], ["arg_b", "==", "2"]], actions: [TO_CANARY] },
        ],
      },
    });
    expect(await labels(world, 1, "/r?a=1&b=1")).toEqual(["1"]);
    expect(await labels(world, 1, "/r?b=2")).toEqual(["canary"]);
    expect(await labels(world, 1)).toEqual([null]);
  });

  it("shares requests out by weight, in turn", async () => {
    const world = aPluginWorld();
    await world.serve({ "traffic-label": { rules: [{ actions: [TO_STABLE, TO_CANARY] }] } });
    const all = await labels(world, 8);
    expect(all.filter((label) => label === "stable")).toHaveLength(6);
    expect(all.slice(0, 4)).toEqual(all.slice(4));
  });

  it("has later rules decide where an action has nothing but a weight", async () => {
    const world = aPluginWorld();
    await world.serve({
      "traffic-label": {
        rules: [{ actions: [{ weight: 1 }, TO_CANARY] }, { actions: [TO_STABLE] }],
      },
    });
    expect((await labels(world, 4)).sort()).toEqual(["canary", "canary", "stable", "stable"]);
  });

  it("goes on with its rotation in a new generation", async () => {
    const world = aPluginWorld();
    const plugins = { "traffic-label": { rules: [{ actions: [TO_STABLE, TO_CANARY] }] } };
    const all: (string | null)[] = [];
    for (let i = 0; i < 8; i++) {
      await world.serve(plugins);
      all.push(...(await labels(world, 1)));
    }
    expect(all.filter((label) => label === "canary")).toHaveLength(2);
  });

  it("sets nothing where a value comes to nothing", async () => {
    const world = aPluginWorld();
    const actions = [{ set_headers: { "X-Label": "$arg_q" } }];
    await world.serve({ "traffic-label": { rules: [{ actions }] } });
    await world.get("/r", { headers: { "x-label": "own" } });
    expect(world.seen[0]?.headers.has("x-label")).toBe(false);
  });
});
