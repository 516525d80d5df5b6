import { describe, expect, it } from "vitest";
import { indexedRoute } from "../../../exporter/compile/indexed-route.ts";
import { findShadows } from "../../../exporter/lint/find-shadows.ts";
import type { RouterName } from "../../../shared/snapshot/format.ts";
import type { RoutingResources } from "../../support/naive-matcher.ts";
import { worldOf } from "../../support/routing-world.ts";

function shadowsOf(resources: RoutingResources, router: RouterName = "radixtree_host_uri") {
  const { table } = worldOf(resources);
  const routes = [...table.ofKind("routes")].flatMap((route) => indexedRoute(route, table) ?? []);
  const { shadowed, overlapped } = findShadows(router, routes);
  return { shadowed: Object.fromEntries(shadowed), overlapped: Object.fromEntries(overlapped) };
}

const BOTH: readonly RouterName[] = ["radixtree_host_uri", "radixtree_uri"];

type Case = readonly [what: string, first: object, second: object, routers?: readonly RouterName[]];

/** `b` never wins, whatever is asked. */
const shadowed: readonly Case[] = [
  ["the same in all, by its key", { uri: "/x" }, { uri: "/x" }],
  ["a lower priority", { uri: "/x/*", priority: 1 }, { uri: "/x/*" }],
  ["fewer methods", { uri: "/x" }, { uri: "/x", methods: ["GET"] }],
  [
    "part of the methods",
    { uri: "/x", methods: ["GET", "POST"] },
    { uri: "/x", methods: ["POST"] },
  ],
  [
    "fewer clients",
    { uri: "/x", remote_addrs: ["10.0.0.0/8", "::/0"] },
    { uri: "/x", remote_addrs: ["10.1.0.0/16", "10.2.3.4"] },
  ],
  [
    "one more rule in vars",
    { uri: "/x", vars: [["arg_a", "==", "1"]] },
    { uri: "/x", vars: ["AND", ["arg_b", "==", "2"], ["arg_a", "==", "1"]] },
  ],
  ["vars where the other has none", { uri: "/x" }, { uri: "/x", vars: [["arg_a", "==", "1"]] }],
  [
    "the same OR, and one more rule",
    { uri: "/x", vars: ["OR", ["arg_a", "==", "1"], ["arg_b", "==", "1"]] },
    {
      uri: "/x",
      vars: [
        ["OR", ["arg_a", "==", "1"], ["arg_b", "==", "1"]],
        ["arg_c", "==", "1"],
      ],
    },
  ],
  ["one of the hosts", { uri: "/x", hosts: ["a.test", "b.test"] }, { uri: "/x", host: "b.test" }],
  [
    "no host under a star",
    { uri: "/x", host: "*" },
    { uri: "/x", priority: 9 },
    ["radixtree_host_uri"],
  ],
  [
    "a narrower host",
    { uri: "/x", host: "*.test" },
    { uri: "/x", host: "b.test" },
    ["radixtree_uri"],
  ],
  [
    "a narrower wildcard",
    { uri: "/x", host: "*t" },
    { uri: "/x", host: "*.test" },
    ["radixtree_uri"],
  ],
  [
    "a host where the other has none",
    { uri: "/x" },
    { uri: "/x", host: "b.test" },
    ["radixtree_uri"],
  ],
  ["one of the paths", { uris: ["/x", "/y"] }, { uri: "/y" }],
  ["text behind a star that nobody reads", { uri: "/x*abc" }, { uri: "/x*" }],
  ["a star's tail of the same prefix", { uri: "/x/*", priority: 1 }, { uri: "/x/*/y" }],
];

const WITH_PARAMETERS: readonly Case[] = [
  ["another name of a parameter", { uri: "/x/:a" }, { uri: "/x/:b" }],
  ["text for a parameter", { uri: "/x/:a/:b", priority: 1 }, { uri: "/x/:a/y" }],
  ["an end for a star", { uri: "/x/:a/*", priority: 1 }, { uri: "/x/:a/y/:c" }],
  ["the same stars", { uri: "/:a/*b/y" }, { uri: "/:a/*c/y" }],
];

/** `b` wins sometimes. */
const free: readonly Case[] = [
  ["a higher priority", { uri: "/x" }, { uri: "/x", priority: 1 }],
  ["more methods", { uri: "/x", methods: ["GET"] }, { uri: "/x", methods: ["GET", "PUT"] }],
  ["any method", { uri: "/x", methods: ["GET"] }, { uri: "/x" }],
  [
    "more clients",
    { uri: "/x", remote_addr: "10.0.0.1" },
    { uri: "/x", remote_addr: "10.0.0.0/8" },
  ],
  [
    "other vars",
    { uri: "/x", vars: [["arg_a", "==", "1"]] },
    { uri: "/x", vars: [["arg_a", "==", "2"]] },
  ],
  [
    "part of an AND",
    {
      uri: "/x",
      vars: [
        ["arg_a", "==", "1"],
        ["arg_b", "==", "1"],
      ],
    },
    { uri: "/x", vars: [["arg_a", "==", "1"]] },
  ],
  ["an exact path", { uri: "/*", priority: 9 }, { uri: "/x" }],
  ["a longer prefix", { uri: "/*", priority: 9 }, { uri: "/x/*" }],
  ["a shorter prefix", { uri: "/x/*", priority: 9 }, { uri: "/*" }],
  ["a path more", { uri: "/x" }, { uris: ["/x", "/y"] }],
  ["a host more", { uri: "/x", host: "a.test" }, { uri: "/x", hosts: ["a.test", "b.test"] }],
  [
    "a more exact host",
    { uri: "/x", host: "*.test", priority: 9 },
    { uri: "/x", host: "b.test" },
    ["radixtree_host_uri"],
  ],
  [
    "a host with a port",
    { uri: "/x", host: "*.test" },
    { uri: "/x", host: "b.test:80" },
    ["radixtree_uri"],
  ],
  ["a disabled one before it", { uri: "/x", status: 0 }, { uri: "/x" }],
  [
    "an empty segment for a parameter",
    { uri: "/x/:a/:b", priority: 1 },
    { uri: "/x/:a/" },
    ["radixtree_uri_with_parameter"],
  ],
  [
    "a star for a parameter",
    { uri: "/x/:a/:b", priority: 1 },
    { uri: "/x/:a/*" },
    ["radixtree_uri_with_parameter"],
  ],
];

const flat = (cases: readonly Case[], fallback: readonly RouterName[]) =>
  cases.flatMap(([what, a, b, routers = fallback]) =>
    routers.map((router) => [what, router, { a, b }] as const),
  );

describe("a route is shadowed", () => {
  it.each([...flat(shadowed, BOTH), ...flat(WITH_PARAMETERS, ["radixtree_uri_with_parameter"])])(
    "that has %s (%s)",
    (_what, router, routes) => {
      expect(shadowsOf({ routes }, router).shadowed).toEqual({ b: ["a"] });
    },
  );

  it("by several that have its methods together", () => {
    const routes = {
      get: { uri: "/x", methods: ["GET"], priority: 1 },
      put: { uri: "/x", methods: ["PUT"], priority: 1 },
      r: { uri: "/x", methods: ["PUT", "GET"] },
    };
    expect(shadowsOf({ routes }).shadowed).toEqual({ r: ["get", "put"] });
  });

  it("by its service's hosts", () => {
    const routes = { a: { uri: "/x", host: "b.test" }, b: { uri: "/x", service_id: "s" } };
    const services = { s: { hosts: ["b.test"] } };
    expect(shadowsOf({ routes, services }).shadowed).toEqual({ b: ["a"] });
  });

  it("where what is left of it no request has", () => {
    const routes = { a: { uri: "/x" }, b: { uris: ["/x", "/y//z"] } };
    expect(shadowsOf({ routes }).shadowed).toEqual({ b: ["a"] });
  });
});

it.each(flat(free, BOTH))("a route is not shadowed that has %s (%s)", (_what, router, routes) => {
  expect(shadowsOf({ routes }, router).shadowed).not.toHaveProperty("b");
});

describe("routes overlap", () => {
  it.each([
    ["methods", { uri: "/x", methods: ["GET", "PUT"] }, { uri: "/x", methods: ["PUT", "POST"] }],
    ["paths", { uris: ["/x", "/y"] }, { uris: ["/x", "/z"] }],
    [
      "hosts",
      { uri: "/x", hosts: ["a.test", "c.test"] },
      { uri: "/x", hosts: ["b.test", "a.test"] },
    ],
  ])("that share some of their %s, and nothing but the key decides", (_what, a, b) => {
    for (const router of BOTH) {
      const { shadowed, overlapped } = shadowsOf({ routes: { a, b } }, router);
      expect(shadowed).toEqual({});
      expect(overlapped).toEqual({ b: { by: "a", uri: "/x" } });
    }
  });

  it("where a narrower host comes first by its key alone", () => {
    const routes = { a: { uri: "/x", host: "a.test" }, b: { uri: "/x", host: "*.test" } };
    expect(shadowsOf({ routes }, "radixtree_uri").overlapped).toEqual({
      b: { by: "a", uri: "/x" },
    });
    expect(shadowsOf({ routes }).overlapped).toEqual({});
  });

  it.each([
    ["priority", { uri: "/x", methods: ["GET", "PUT"], priority: 1 }],
    ["vars", { uri: "/x", methods: ["GET", "PUT"], vars: [["arg_a", "==", "1"]] }],
    ["clients", { uri: "/x", methods: ["GET", "PUT"], remote_addr: "10.0.0.1" }],
    ["methods", { uri: "/x", methods: ["GET"] }],
    ["length of the path", { uri: "/x*aa", methods: ["GET", "PUT"] }],
  ])("but not where their %s tells them apart", (_what, a) => {
    const b = { uri: "uri" in a && a.uri === "/x" ? "/x" : "/x*a", methods: ["PUT", "POST"] };
    expect(shadowsOf({ routes: { a, b } }).overlapped).toEqual({});
  });
});

it("finds what is in the way among very many routes under one key", () => {
  const count = 20_000;
  const entries = Array.from({ length: count }, (_, i) => {
    const route = {
      uri: i % 2 === 0 ? "/*" : `/:tenant/p${i}`,
      host: `shop${i}.test`,
      ...(i % 3 === 0 ? { vars: [["arg_v", "==", String(i)]] } : {}),
    };
    return [`r${i}`, route] as const;
  });
  const last = { uri: "/*", host: "shop4.test", priority: -1 };
  const routes = { ...Object.fromEntries(entries), z: last };
  const { shadowed } = shadowsOf({ routes }, "radixtree_uri_with_parameter");
  expect(shadowed).toEqual({ z: ["r4"] });
});
