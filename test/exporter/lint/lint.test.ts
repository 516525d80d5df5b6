import { describe, expect, it } from "vitest";
import { lint } from "../../../exporter/lint/lint.ts";
import type { RouterName } from "../../../shared/snapshot/format.ts";
import { node, type Puts, ResourceWorld, routeTo } from "../../support/resource-world.ts";

/** What is found, as `severity rule key path`. */
function found(puts: Puts, router: RouterName = "radixtree_host_uri"): string[] {
  const world = new ResourceWorld();
  world.put(puts);
  return lint(world.table, router).map(({ severity, rule, key, path }) =>
    [severity, rule, key, path].join(" ").trim(),
  );
}

describe("lint", () => {
  it("finds nothing in a configuration that is served as it is", () => {
    const puts = {
      "routes/a": { uri: "/a/*", host: "*.test", service_id: "s", methods: ["GET"] },
      "routes/b": { uris: ["/b", "/b/:id"], upstream_id: "u", vars: [["arg_x", "~~", "^a+$"]] },
      "services/s": { upstream_id: "u" },
      "upstreams/u": node,
    };
    for (const router of ["radixtree_host_uri", "radixtree_uri_with_parameter"] as const) {
      expect(found(puts, router)).toEqual([]);
    }
  });

  it("finds values that are rejected", () => {
    expect(found({ "routes/a": { uri: "/a" }, "nonsense/1": {} })).toEqual([
      "error rejected /apisix/nonsense/1",
      "error rejected /apisix/routes/a",
    ]);
  });

  it("finds references that dangle", () => {
    const puts = {
      "routes/a": { uri: "/a", service_id: "s", plugin_config_id: "p", upstream_id: "u" },
      "services/t": { upstream_id: "u" },
      "consumers/jack": { username: "jack", group_id: "g" },
    };
    expect(found(puts)).toEqual([
      "error dangling /apisix/consumers/jack group_id",
      "error dangling /apisix/routes/a service_id",
      "error dangling /apisix/routes/a plugin_config_id",
      "error dangling /apisix/routes/a upstream_id",
      "error dangling /apisix/services/t upstream_id",
    ]);
  });

  it("finds what the edge refuses and ignores", () => {
    const puts = {
      "routes/a": routeTo("/a", { plugins: { "ext-plugin-pre-req": {}, gzip: {} } }),
      "routes/b": routeTo("/b", { filter_func: "function(vars) return true end" }),
      "routes/c": routeTo("/c", { vars: [["arg_x", "~~", "("]] }),
      "upstreams/u": { type: "fastest", nodes: { "a.test:80": 1, "b.test:80": 1 } },
    };
    expect(found(puts)).toEqual([
      "warning refused /apisix/routes/a plugins.ext-plugin-pre-req",
      "warning refused /apisix/routes/b filter_func",
      "warning ignored /apisix/routes/c vars[0][2]",
      "warning refused /apisix/upstreams/u type",
      "note ignored /apisix/routes/a plugins.gzip",
    ]);
  });

  it("finds a plugin of two global rules, which then runs in neither", () => {
    const rule = { plugins: { "no-such": {} } };
    expect(found({ "global_rules/a": rule, "global_rules/b": rule })).toEqual([
      "warning conflict /apisix/global_rules/a plugins.no-such",
      "warning conflict /apisix/global_rules/b plugins.no-such",
      "note ignored /apisix/global_rules/a plugins.no-such",
      "note ignored /apisix/global_rules/b plugins.no-such",
    ]);
  });

  it("finds routes that never match, and those that match by their key alone", () => {
    const puts = {
      "routes/a": routeTo("/a"),
      "routes/b": routeTo("/a", { methods: ["GET"] }),
      "routes/c": routeTo("/c", { methods: ["GET", "PUT"] }),
      "routes/d": routeTo("/c", { methods: ["PUT", "POST"] }),
    };
    expect(found(puts)).toEqual([
      "warning shadowed /apisix/routes/b",
      "warning overlap /apisix/routes/d",
    ]);
    const world = new ResourceWorld();
    world.put(puts);
    expect(lint(world.table, "radixtree_uri")[0]?.problem).toBe(
      "it never matches: /apisix/routes/a always comes first",
    );
  });

  it.each([
    ["/a//b", "slashes in a row"],
    ["/a/./b", "dot segments"],
    ["/a/..", "dot segments"],
    ["/a/../*", "dot segments"],
    ["a", "begins with /"],
    ["a*", "begins with /"],
    ["/x/*//y", "slashes in a row"],
  ])("finds that no request has the path %s", (uri, why) => {
    const world = new ResourceWorld();
    world.put({ "routes/a": routeTo(uri) });
    expect(lint(world.table, "radixtree_uri")).toMatchObject([
      { rule: "unreachable", path: "uri", problem: expect.stringContaining(why) },
    ]);
  });

  it.each(["/", "*", "/*", "/.well-known/*", "/a..b", "/a/..*", "/x*//y", "/a/...", "/é"])(
    "finds nothing against the path %s",
    (uri) => expect(found({ "routes/a": routeTo(uri) })).toEqual([]),
  );

  it("finds paths that are written as in a URL", () => {
    const uris = ["/a%20b", "/a?x=1", "/a#b", "/100%"];
    const { upstream } = routeTo("/");
    expect(found({ "routes/a": { uris, upstream } })).toEqual(
      [0, 1, 2].map((i) => `warning undecoded /apisix/routes/a uris[${i}]`),
    );
  });

  it("finds hosts that no request has, in the router that asks for them so", () => {
    const hosts = ["a.test:80", "[::1]", "a.test.", "*.a..test", "*"];
    const puts = { "routes/a": { uri: "/a", hosts, upstream: node } };
    const unreachable = (index: number) => `warning unreachable /apisix/routes/a hosts[${index}]`;
    expect(found(puts)).toEqual([0, 2, 3].map(unreachable));
    expect(found(puts, "radixtree_uri")).toEqual([2, 3].map(unreachable));
    const service = { "services/s": { hosts: ["a.test:80"], upstream: node } };
    expect(found({ "routes/a": { uri: "/a", service_id: "s" }, ...service })).toEqual([
      "warning unreachable /apisix/routes/a service_id",
    ]);
  });

  it("finds paths and hosts that are there twice", () => {
    const uris = ["/a/*", "/b", "/a/*x", "/a/:x/:y", "/a/:z/:y"];
    const hosts = ["A.test", "b.test", "a.test"];
    const puts = { "routes/a": { uris, hosts, upstream: node } };
    expect(found(puts, "radixtree_uri_with_parameter")).toEqual([
      "warning duplicate /apisix/routes/a uris[2]",
      "warning duplicate /apisix/routes/a uris[4]",
      "warning duplicate /apisix/routes/a hosts[2]",
    ]);
    const plain = { "routes/a": { uris: ["/a*", "/a*b"], upstream: node } };
    expect(found(plain)).toEqual(["warning duplicate /apisix/routes/a uris[1]"]);
  });

  it("finds regular expressions that take too long, however deep they lie", () => {
    const vars = [
      ["arg_a", "==", "1"],
      ["OR", ["arg_b", "!", "~~", "^(a+)+$"], ["arg_c", "~*", "x"]],
    ];
    expect(found({ "routes/a": routeTo("/a", { vars }) })).toEqual([
      "warning costly /apisix/routes/a vars[1][1][3]",
    ]);
  });

  it("finds a method that no request at the edge has", () => {
    expect(found({ "routes/a": routeTo("/a", { methods: ["GET", "CONNECT"] }) })).toEqual([
      "note method /apisix/routes/a methods[1]",
    ]);
  });

  it("says nothing of how a disabled route would match", () => {
    expect(found({ "routes/a": routeTo("/a//b", { status: 0 }) })).toEqual([]);
  });
});
