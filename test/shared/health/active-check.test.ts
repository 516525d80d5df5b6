import { describe, expect, it } from "vitest";
import {
  type ActiveCheck,
  activeCheckOf,
  isLeftToEdge,
  limitsOf,
  malformedHeaders,
  nodeAddress,
  observationOf,
  probeOf,
} from "../../../shared/health/active-check.ts";
import type { Upstream, UpstreamNode } from "../../../shared/resources/upstream.ts";

type Active = NonNullable<Upstream["checks"]>["active"];

const node = (host: string, port?: number): UpstreamNode => ({
  host,
  port,
  weight: 1,
  priority: 0,
});

const upstream = (more: Partial<Upstream> = {}): Upstream => ({
  nodes: [node("10.0.0.1", 8080)],
  type: "roundrobin",
  scheme: "http",
  pass_host: "pass",
  hash_on: "vars",
  ...more,
});

const checked = (active: Active, more: Partial<Upstream> = {}) =>
  upstream({ ...more, checks: { active } });

function checkOf(active: Active): ActiveCheck {
  const check = activeCheckOf(checked(active));
  if (!check) throw new Error("no check");
  return check;
}

function probe(active: Active, more: Partial<Upstream> = {}, of = node("10.0.0.1", 8080)) {
  return probeOf(checked(active, more), of, checkOf(active));
}

describe("an active check", () => {
  it("is none without checks", () => {
    expect(activeCheckOf(upstream())).toBeUndefined();
  });

  it("has APISIX's defaults", () => {
    const check = checkOf({ healthy: {}, unhealthy: {} });
    expect(check).toMatchObject({
      type: "http",
      timeoutMs: 1000,
      concurrency: 10,
      method: "GET",
      path: "/",
      body: "",
      headers: [],
      verifyCertificate: true,
      healthy: { intervalMs: 1000, statuses: new Set([200, 302]) },
      unhealthy: {
        intervalMs: 1000,
        statuses: new Set([429, 404, 500, 501, 502, 503, 504, 505]),
      },
    });
    expect(limitsOf(check)).toEqual({
      success: 2,
      "http-failure": 5,
      "tcp-failure": 2,
      timeout: 3,
    });
  });

  it("does not probe nodes in a state that it has no object for, as APISIX", () => {
    expect(checkOf({ unhealthy: {} }).healthy.intervalMs).toBe(0);
    expect(checkOf({ healthy: {} }).unhealthy.intervalMs).toBe(0);
  });

  it("takes every field over", () => {
    const check = checkOf({
      type: "https",
      timeout: 0.5,
      concurrency: 3,
      https_verify_certificate: false,
      healthy: { interval: 5, http_statuses: [204], successes: 1 },
      unhealthy: {
        interval: 2,
        http_statuses: [500],
        http_failures: 4,
        tcp_failures: 6,
        timeouts: 7,
      },
    });
    expect(check).toMatchObject({ type: "https", timeoutMs: 500, concurrency: 3 });
    expect(check.healthy).toEqual({ intervalMs: 5000, statuses: new Set([204]), successes: 1 });
    expect(check.unhealthy.intervalMs).toBe(2000);
    expect(limitsOf(check)).toEqual({
      success: 1,
      "http-failure": 4,
      "tcp-failure": 6,
      timeout: 7,
    });
  });

  it("has usable bounds where the schema lets any number through", () => {
    expect(checkOf({ timeout: 0, concurrency: 0 })).toMatchObject({
      timeoutMs: 60_000,
      concurrency: 1,
    });
    expect(checkOf({ timeout: -1, concurrency: -5 }).concurrency).toBe(1);
    const long = checkOf({ timeout: 1e12, healthy: { interval: 1e12 } });
    expect(long.timeoutMs).toBe(2 ** 31 - 1);
    expect(long.healthy.intervalMs).toBe(2 ** 31 - 1);
  });
});

describe("a probe", () => {
  it("goes to the node's port, or to the one of the check", () => {
    expect(probe({})).toMatchObject({ host: "10.0.0.1", port: 8080 });
    expect(probe({ port: 9000 })).toMatchObject({ host: "10.0.0.1", port: 9000 });
    expect(probe({}, { scheme: "https" }, node("a.com"))).toMatchObject({ port: 443 });
    expect(probe({}, {}, node("[::1]", 81))).toMatchObject({ host: "::1", port: 81 });
  });

  it("has the Host that requests to the node would have, else the check's, else the node's", () => {
    const hostOf = (...args: Parameters<typeof probe>) => probe(...args).hostHeader;
    const rewrite = { pass_host: "rewrite", upstream_host: "rewritten.com" } as const;
    const byNode = { pass_host: "node" } as const;
    expect(hostOf({ host: "check.com" }, rewrite, node("a.com"))).toBe("rewritten.com");
    expect(hostOf({ host: "check.com" }, byNode, node("a.com"))).toBe("a.com");
    expect(hostOf({ host: "check.com" }, byNode, node("10.0.0.1"))).toBe("check.com");
    expect(hostOf({ host: "check.com" }, {}, node("a.com"))).toBe("check.com");
    expect(hostOf({}, {}, node("a.com"))).toBe("a.com");
    expect(hostOf({}, {}, node("10.0.0.1", 8080))).toBe("10.0.0.1");
  });

  it("carries the headers, apart from those that frame the message", () => {
    const { headers, hostHeader } = probe({
      req_headers: ["User-Agent: probe", "X-A:1", "Host: other.com", "Content-Length: 9", "X-A: 2"],
    });
    expect(headers).toEqual([
      ["User-Agent", "probe"],
      ["X-A", "1"],
      ["X-A", "2"],
    ]);
    expect(hostHeader).toBe("other.com");
  });

  it("leaves out what is no header, and names it", () => {
    const active = { req_headers: ["no colon", "X-B: b\r\nX-C: c", "X A: 1", "X-D: d"] };
    expect(probe(active).headers).toEqual([["X-D", "d"]]);
    expect(malformedHeaders(active)).toEqual(["no colon", "X-B: b\r\nX-C: c", "X A: 1"]);
  });

  it("has a path that cannot end the request line", () => {
    expect(probe({ http_path: "/a b\r\nX: 1?q=%20" }).path).toBe("/a%20b%0D%0AX:%201?q=%20");
    expect(probe({ http_path: "status" }).path).toBe("/status");
  });

  it("carries method and body", () => {
    const sent = probe({ http_method: "POST", http_req_body: "ping" });
    expect(sent).toMatchObject({ method: "POST", body: "ping" });
  });
});

describe("what a probe says", () => {
  const check = checkOf({ unhealthy: { http_statuses: [200, 500] } });

  it.each([
    [{ status: 200 }, "success"],
    [{ status: 302 }, "success"],
    [{ status: 500 }, "http-failure"],
    [{ status: 0 }, "http-failure"],
    [{ status: 404 }, undefined],
    ["connected", "success"],
    ["tcp-failure", "tcp-failure"],
    ["timeout", "timeout"],
  ] as const)("of %j is %s", (result, observation) => {
    expect(observationOf(check, result)).toBe(observation);
  });
});

describe("a node's address", () => {
  it("has the scheme's port where the node has none", () => {
    expect(nodeAddress(upstream(), node("a.com", 81))).toBe("a.com:81");
    expect(nodeAddress(upstream(), node("a.com"))).toBe("a.com:80");
    expect(nodeAddress(upstream({ scheme: "https" }), node("[::1]"))).toBe("[::1]:443");
    expect(nodeAddress(upstream({ scheme: "grpcs" }), node("a.com"))).toBe("a.com:443");
  });
});

describe("the label of an upstream", () => {
  it("leaves its checks to the edge", () => {
    expect(isLeftToEdge(upstream({ labels: { "snapgate/checks": "edge" } }))).toBe(true);
    expect(isLeftToEdge(upstream({ labels: { "snapgate/checks": "exporter" } }))).toBe(false);
    expect(isLeftToEdge(upstream())).toBe(false);
  });
});
