import { describe, expect, it } from "vitest";
import { reachOf } from "../../../shared/resources/reach.ts";
import type { Route } from "../../../shared/resources/route.ts";
import { scriptRefusal, unmatchable } from "../../../shared/resources/route-support.ts";
import type { Upstream } from "../../../shared/resources/upstream.ts";
import {
  balancerRefusal,
  upstreamIgnored,
  upstreamRefusal,
} from "../../../shared/resources/upstream-support.ts";

const upstream = (more: Partial<Upstream> = {}): Upstream => ({
  nodes: [{ host: "a.com", port: 80, weight: 1, priority: 0 }],
  type: "roundrobin",
  scheme: "http",
  pass_host: "pass",
  hash_on: "vars",
  ...more,
});

const route = (more: Partial<Route> = {}): Route => ({
  id: "1",
  uri: "/a",
  priority: 0,
  status: 1,
  ...more,
});

const refusalOf = (of: Upstream, ...bound: string[]) =>
  upstreamRefusal(of, "upstreams/5", reachOf(bound));

describe("an upstream", () => {
  it("is served with every field that the edge honours", () => {
    const full = upstream({
      scheme: "https",
      pass_host: "node",
      retries: 2,
      tls: { verify: true },
    });
    expect(refusalOf(full)).toBeUndefined();
    expect(refusalOf(upstream({ nodes: [] }))).toBeUndefined();
  });

  it.each([
    ["scheme", { scheme: "grpc" }],
    ["scheme", { scheme: "tcp" }],
    ["scheme", { scheme: "grpcs" }],
    ["scheme", { scheme: "tls" }],
    ["scheme", { scheme: "udp" }],
    ["scheme", { scheme: "kafka" }],
    ["discovery_type", { service_name: "x", discovery_type: "nacos", nodes: [] }],
    ["service_name", { service_name: "x:0", discovery_type: "dns", nodes: [] }],
    ["tls", { scheme: "https", tls: { client_cert: "c", client_key: "k" } }],
    ["tls", { scheme: "https", tls: { client_cert_id: 1 } }],
  ] as const)("is refused for its %s: %j", (path, more) => {
    const refusal = refusalOf(upstream(more));
    expect(refusal?.path).toBe(path);
    expect(refusal?.reason).toMatch(/\w/);
    expect(refusal?.remedy).toMatch(/\w/);
  });

  it.each(["roundrobin", "chash", "ewma", "least_conn"])("is served with type %s", (type) => {
    const served = upstream({ type, nodes: [...upstream().nodes, ...upstream().nodes] });
    expect([refusalOf(served), balancerRefusal(served)]).toEqual([undefined, undefined]);
    expect(upstreamIgnored(served)).toEqual([]);
  });

  it("of an unknown type is told: with several nodes as what fails, with one as of no effect", () => {
    const one = upstream({ type: "constructor" });
    const two = upstream({ type: "constructor", nodes: [...one.nodes, ...one.nodes] });
    expect(refusalOf(two)).toBeUndefined();
    expect(balancerRefusal(two)).toMatchObject({
      path: "type",
      reason: expect.stringContaining("500"),
    });
    expect(balancerRefusal(one)).toBeUndefined();
    expect(upstreamIgnored(one).map(([path]) => path)).toEqual(["type"]);
    expect(upstreamIgnored(two)).toEqual([]);
  });

  it("is served by its nodes where DNS is asked for them", () => {
    const discovered = { service_name: "orders.test:8080", discovery_type: "dns", nodes: [] };
    expect(refusalOf(upstream(discovered))).toBeUndefined();
  });

  const byId = { scheme: "https", tls: { client_cert_id: 3 } };
  const inline = { scheme: "https", tls: { client_cert: "c", client_key: "k" } };
  it.each([
    [{ scheme: "grpc" }, "grpc"],
    [{ scheme: "grpcs" }, "grpcs"],
    [{ scheme: "grpcs" }, "upstreams/5"],
    [byId, "ssls/3"],
    [byId, "upstreams/5"],
    [inline, "upstreams/5"],
    [{ ...byId, scheme: "grpcs" }, "upstreams/5"],
  ] as const)("%j is served where a binding carries %s", (more, key) => {
    expect(refusalOf(upstream(more), key)).toBeUndefined();
  });

  it.each([
    [{ scheme: "grpcs" }, "grpc"],
    [{ scheme: "grpc" }, "upstreams/6"],
    [{ scheme: "kafka" }, "upstreams/5"],
    [byId, "ssls/4"],
    [inline, "ssls/3"],
    [{ ...byId, scheme: "grpcs" }, "ssls/3"],
    [{ ...byId, scheme: "grpcs" }, "grpcs"],
  ] as const)("%j is refused where a binding carries only %s", (more, key) => {
    expect(refusalOf(upstream(more), key)).toBeDefined();
  });

  it("is refused with the settings that would have it served", () => {
    const { remedy } = refusalOf(upstream(byId)) ?? {};
    expect(remedy).toContain('"upstreams/5" or "ssls/3"');
    expect(remedy).toContain("UPSTREAM_BINDINGS");
    expect(remedy).toContain("EDGE_UPSTREAM_BINDINGS");
  });

  it("says which fields have no effect", () => {
    const more = { keepalive_pool: { size: 1 } };
    expect(upstreamIgnored(upstream(more)).map(([path]) => path)).toEqual(["keepalive_pool"]);
    expect(upstreamIgnored(upstream())).toEqual([]);
    const plain = upstream({ tls: { client_cert_id: 3 } });
    expect(upstreamIgnored(plain).map(([path]) => path)).toEqual(["tls"]);
    expect(refusalOf(plain)).toBeUndefined();
  });

  it.each<[string, Partial<Upstream>]>([
    ["tls.verify", { scheme: "https", tls: { verify: false } }],
    ["discovery_args", { discovery_args: { group_name: "g" } }],
    ["nodes", { nodes: [{ host: "a", weight: 1, priority: 0, metadata: { zone: "x" } }] }],
  ])("says that %s of %j has no effect", (path, more) => {
    expect(upstreamIgnored(upstream(more)).map(([found]) => found)).toEqual([path]);
  });

  it("says nothing of certificates that are verified, or where there are none", () => {
    expect(upstreamIgnored(upstream({ scheme: "https", tls: { verify: true } }))).toEqual([]);
    expect(upstreamIgnored(upstream({ scheme: "http", tls: { verify: false } }))).toEqual([]);
  });

  it("says what of its checks does nothing", () => {
    const both = { healthy: {}, unhealthy: {} };
    const pathsOf = (checks: NonNullable<Upstream["checks"]>) =>
      upstreamIgnored(upstream({ checks })).map(([path]) => path);
    expect(pathsOf({ active: both, passive: { type: "http" } })).toEqual([]);
    expect(pathsOf({ active: {} })).toEqual(["checks.active", "checks.active"]);
    expect(pathsOf({ active: { ...both, req_headers: ["A: b", "nothing"] } })).toEqual([
      "checks.active.req_headers",
    ]);
    expect(pathsOf({ active: both, passive: { type: "tcp" } })).toEqual(["checks.passive.type"]);
  });

  it("says that a Worker verifies certificates, where its checks are left to one", () => {
    const active = { healthy: {}, unhealthy: {}, https_verify_certificate: false };
    const labels = { "snapgate/checks": "edge" };
    expect(upstreamIgnored(upstream({ checks: { active } }))).toEqual([]);
    expect(upstreamIgnored(upstream({ checks: { active }, labels })).map(([path]) => path)).toEqual(
      ["checks.active.https_verify_certificate"],
    );
  });
});

describe("a route", () => {
  it("is matched whatever its vars and addresses are", () => {
    expect(unmatchable(route())).toBeUndefined();
    expect(unmatchable(route({ vars: [["arg_a", "==", "1"]] }))).toBeUndefined();
    expect(unmatchable(route({ remote_addrs: ["::1"] }))).toBeUndefined();
  });

  it("cannot be matched for its filter_func", () => {
    const filter_func = "function() return true end";
    expect(unmatchable(route({ filter_func }))?.path).toBe("filter_func");
  });

  it("is matched but not served where a script stands for its plugins", () => {
    expect(scriptRefusal({ script: "return 1" })?.path).toBe("script");
    expect(scriptRefusal({ script_id: 1 })?.path).toBe("script_id");
    expect(scriptRefusal({})).toBeUndefined();
    expect(unmatchable(route({ script: "local _M = {}" }))).toBeUndefined();
  });
});
