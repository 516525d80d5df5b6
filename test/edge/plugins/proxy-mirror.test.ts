import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream } from "../../support/snapshots.ts";

const host = "http://shadow.test:8080";
const SHADOW = "shadow.test:8080";

/** What each of the two upstreams got. */
function sides({ seen }: Pick<ReturnType<typeof aPluginWorld>, "seen">) {
  return {
    own: seen.filter(({ node }) => node === "u.test:80"),
    copies: seen.filter(({ node }) => node === SHADOW),
  };
}

describe("proxy-mirror", () => {
  it("sends a copy with the upstream's Host, and nothing of who the client is", async () => {
    const world = aPluginWorld();
    await world.serve({ "proxy-mirror": { host }, "proxy-rewrite": { host: "other.test" } });
    const headers = { "x-a": "1", "x-forwarded-for": "7.7.7.7" };
    const answer = await world.get("/r//x?a=1", { method: "POST", body: "text", headers });
    await world.settled();
    expect(await answer.text()).toBe("from u.test:80");
    const [copy] = sides(world).copies;
    expect(copy).toMatchObject({
      method: "POST",
      target: "/r/x?a=1",
      host: "other.test",
      body: "text",
    });
    expect(Object.fromEntries(copy?.headers ?? [])).toMatchObject(headers);
    expect(copy?.headers.has("x-real-ip")).toBe(false);
    expect(sides(world).own).toMatchObject([{ target: "/r/x?a=1", body: "text" }]);
  });

  it.each([
    ["the path where no plugin made one", {}, {}, "/r/%20x?a=1"],
    ["what proxy-rewrite made", {}, { uri: "/n" }, "/n?a=1"],
    ["a path of its own", { path: "/own" }, { uri: "/n" }, "/own?a=1"],
    [
      "a path before the other",
      { path: "/own", path_concat_mode: "prefix" },
      { uri: "/n" },
      "/own/n?a=1",
    ],
  ])("sends to %s", async (_, mirror, rewrite, target) => {
    const world = aPluginWorld();
    const plugins = Object.keys(rewrite).length > 0 ? { "proxy-rewrite": rewrite } : {};
    await world.serve({ "proxy-mirror": { host, ...mirror }, ...plugins });
    await world.get("/r/%20x?a=1");
    await world.settled();
    expect(sides(world).copies).toMatchObject([{ target }]);
  });

  it.each([
    ["node", { pass_host: "node" }, "n.test:81"],
    ["rewrite", { pass_host: "rewrite", upstream_host: "up.test" }, "up.test"],
    ["pass", {}, "edge.test"],
  ])("has the Host of an upstream with pass_host %s", async (_, change, wanted) => {
    const world = aPluginWorld();
    const upstream_id = "n";
    await world.serve(
      {
        "proxy-mirror": { host },
        "traffic-split": { rules: [{ weighted_upstreams: [{ upstream_id }] }] },
      },
      { upstreams: { n: anUpstream(["n.test:81"], change) } },
    );
    await world.get("/r");
    await world.settled();
    expect(sides(world).copies).toMatchObject([{ host: wanted }]);
  });

  it.each([
    [0.29, 1],
    [0.3, 0],
  ])("having drawn %f of a ratio of 0.3, sends %i", async (drawn, sent) => {
    const world = aPluginWorld({ deps: { random: () => drawn } });
    await world.serve({ "proxy-mirror": { host, sample_ratio: 0.3 } });
    await world.get("/r");
    await world.settled();
    expect(sides(world).copies).toHaveLength(sent);
  });

  it("copies no request that a plugin answers itself", async () => {
    const world = aPluginWorld();
    await world.serve({ "proxy-mirror": { host }, mocking: { response_example: "x" } });
    await world.get("/r");
    await world.settled();
    expect(world.seen).toEqual([]);
  });

  it("has no one but the log hear of a copy that failed", async () => {
    const world = aPluginWorld({
      upstream: ({ node }) => {
        if (node === SHADOW) throw new Error("nobody there");
        return new Response("fine");
      },
    });
    await world.serve({ "proxy-mirror": { host } });
    expect(await (await world.get("/r")).text()).toBe("fine");
    await world.settled();
    expect(world.log).toEqual(["proxy-mirror: nobody there"]);
  });

  it("passes a body on whole that is too long to be copied", async () => {
    const world = aPluginWorld();
    await world.serve({ "proxy-mirror": { host } });
    const body = "x".repeat(16 * 1024 * 1024 + 1);
    await world.get("/r", { method: "POST", body });
    await world.settled();
    expect(sides(world).copies).toEqual([]);
    expect(sides(world).own[0]?.body.length).toBe(body.length);
    expect(world.log).toEqual(["proxy-mirror: a body was too long to be copied"]);
  });

  it("answers 503 with the reason for a scheme that a Worker cannot speak", async () => {
    const world = aPluginWorld();
    await world.serve({ "proxy-mirror": { host: "grpc://shadow.test:9090" } });
    const answer = await world.get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("plugins.proxy-mirror");
  });
});
