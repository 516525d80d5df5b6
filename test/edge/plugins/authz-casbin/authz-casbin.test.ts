import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { anUpstream } from "../../../support/snapshots.ts";

const MODEL = `
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = (g(r.sub, p.sub) || keyMatch(r.sub, p.sub)) && keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)
`;
const POLICY = "p, *, /r, GET\np, admin, *, *\ng, alice, admin";
const CASBIN = { model: MODEL, policy: POLICY, username: "user" };

describe("authz-casbin", () => {
  it.each<[string, string, string | undefined, number]>([
    ["GET", "/r", undefined, 200],
    ["GET", "/r", "bob", 200],
    ["POST", "/r", "bob", 403],
    ["GET", "/r/x", "bob", 403],
    ["POST", "/r/x", "alice", 200],
    ["POST", "/r/x", "admin", 200],
    ["POST", "/r/x", "alice, admin", 403],
    ["POST", "/r/x", "", 403],
  ])("answers %s %s of %s with %i", async (method, path, user, status) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "authz-casbin": CASBIN });
    const answer = await get(path, { method, headers: user === undefined ? {} : { user } });
    expect(answer.status).toBe(status);
    expect(seen).toHaveLength(status === 200 ? 1 : 0);
    if (status === 403) expect(await answer.json()).toEqual({ message: "Access Denied" });
  });

  it("goes by the decoded path, and calls who does not say a name anonymous", async () => {
    const { get, serve } = aPluginWorld();
    const policy = "p, anonymous, /r/a b, GET";
    await serve({ "authz-casbin": { ...CASBIN, policy } });
    expect((await get("/r/a%20b")).status).toBe(200);
    expect((await get("/r/a%20b", { headers: { user: "anonymous2" } })).status).toBe(403);
  });

  it("has a policy for each configuration, whichever was used last", async () => {
    const { get, publish } = aPluginWorld();
    const upstream = anUpstream(["u.test:80"]);
    const routeOf = (id: string, policy: string) => ({
      id,
      uri: `/${id}`,
      status: 1,
      upstream,
      plugins: { "authz-casbin": { ...CASBIN, policy } },
    });
    const routes = { a: routeOf("a", "p, alice, /a, *"), b: routeOf("b", "p, bob, /b, *") };
    await publish({ routes });
    const statuses = [];
    for (const [path, user] of [
      ["/a", "alice"],
      ["/b", "bob"],
      ["/a", "alice"],
      ["/a", "bob"],
    ]) {
      statuses.push((await get(path as string, { headers: { user: user as string } })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 403]);
  });

  it("takes model and policy from its metadata where it has none", async () => {
    const { get, serve } = aPluginWorld();
    const metadata = { model: MODEL, policy: "p, carol, *, *" };
    const world = { plugin_metadata: { "authz-casbin": metadata } };
    await serve({ "authz-casbin": { username: "user" } }, world);
    expect((await get("/r", { headers: { user: "carol" } })).status).toBe(200);
    expect((await get("/r", { headers: { user: "alice" } })).status).toBe(403);
  });

  it.each<[string, object]>([
    ["files", { model_path: "/m.conf", policy_path: "/p.csv", username: "user" }],
    ["nothing to go by", { username: "user" }],
    ["a model that is not understood", { ...CASBIN, model: MODEL.replace("keyMatch", "eval") }],
  ])("answers 503 to a configuration with %s", async (_, configuration) => {
    const { get, serve } = aPluginWorld();
    await serve({ "authz-casbin": configuration });
    expect((await get("/r", { headers: { user: "alice" } })).status).toBe(503);
  });
});
