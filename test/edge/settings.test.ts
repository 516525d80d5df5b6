import { describe, expect, it } from "vitest";
import { EDGE_SETTINGS, readSettings } from "../../edge/settings.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { RATE_LIMITS } from "../support/rate-limits.ts";

const r2 = { get: async () => null };
const s3 = {
  S3_ENDPOINT: "https://s3.test",
  S3_BUCKET: "b",
  S3_ACCESS_KEY_ID: "k",
  S3_SECRET_ACCESS_KEY: "s",
};

const PLAIN: Upstream = {
  nodes: [],
  type: "roundrobin",
  scheme: "http",
  pass_host: "pass",
  hash_on: "vars",
};

describe("the worker's settings", () => {
  it("have their documented defaults", () => {
    expect(readSettings({ SNAPSHOTS: r2 })).toMatchObject({
      namespace: "default",
      prefix: "default/",
      freshness: {
        refreshIntervalMs: 5000,
        staleAfterMs: 15_000,
        staleWaitMs: 500,
        firstLoadMs: 10_000,
      },
      memoryBudgetBytes: 48 * 1024 * 1024,
      statusPath: "/snapgate/status",
      statusToken: undefined,
      generationHeader: undefined,
      clientIpHeader: "CF-Connecting-IP",
      listenPort: undefined,
      uri: {
        deleteUriTailSlash: false,
        normalizeUriLikeServlet: false,
        matchUriEncodedSlash: false,
      },
      serverHeader: "APISIX",
      accessLog: false,
    });
  });

  it("put prefix and namespace before every object's name", () => {
    const settings = readSettings({ ...s3, SNAPGATE_PREFIX: "gw/", SNAPGATE_NAMESPACE: "shop" });
    expect(settings.prefix).toBe("gw/shop/");
    expect(settings.s3).toMatchObject({ prefix: "gw/shop/", bucket: "b", region: "auto" });
  });

  it("take Durable Objects for the limits' counters, and nothing else", () => {
    const read = (bound: unknown) => () => readSettings({ SNAPSHOTS: r2, RATE_LIMITS: bound });
    expect(read(RATE_LIMITS)).not.toThrow();
    expect(read("")).not.toThrow();
    expect(read("redis")).toThrow("RATE_LIMITS: found string, want a Durable Object binding");
  });

  it("have the cron trigger check nothing, or what is left to it within bounds", () => {
    const checks = (bindings: object) => readSettings({ SNAPSHOTS: r2, ...bindings }).healthChecks;
    expect(checks({})).toBeUndefined();
    expect(checks({ HEALTH_CHECKS: "left" })).toEqual({ runMs: 55_000, probes: 40 });
    const more = { HEALTH_CHECK_SECONDS: "290", HEALTH_CHECK_PROBES: "9000" };
    expect(checks({ HEALTH_CHECKS: "left", ...more })).toEqual({ runMs: 290_000, probes: 9000 });
    const wrong = { HEALTH_CHECKS: "on", HEALTH_CHECK_SECONDS: "901", HEALTH_CHECK_PROBES: "0" };
    expect(() => checks(wrong)).toThrow(/3 problem\(s\): HEALTH_CHECKS: found "on"/);
  });

  it.each(["0", 0])("allow an interval of %j, as a text or as wrangler.toml's number", (value) => {
    const settings = readSettings({ SNAPSHOTS: r2, REFRESH_INTERVAL_MS: value });
    expect(settings.freshness.refreshIntervalMs).toBe(0);
  });

  it("refuse a value of another type than they have, rather than go by the default", () => {
    const wrong = {
      SNAPSHOTS: r2,
      REFRESH_INTERVAL_MS: 0.5,
      ACCESS_LOG: true,
      READ_TIMEOUT_MS: {},
    };
    expect(() => readSettings(wrong)).toThrow(/3 problem\(s\)/);
    expect(() => readSettings(wrong)).toThrow('ACCESS_LOG: found "true", want on or off');
  });

  it("switch each thing about the matching uri on by its own name", () => {
    const uri = (name: string) => readSettings({ SNAPSHOTS: r2, [name]: "on" }).uri;
    expect(uri("DELETE_URI_TAIL_SLASH")).toMatchObject({ deleteUriTailSlash: true });
    expect(uri("NORMALIZE_URI_LIKE_SERVLET")).toMatchObject({ normalizeUriLikeServlet: true });
    expect(uri("MATCH_URI_ENCODED_SLASH")).toMatchObject({ matchUriEncodedSlash: true });
  });

  it("show the upstream's status only where that is asked for", () => {
    const shown = (more: object) => readSettings({ SNAPSHOTS: r2, ...more }).showUpstreamStatus;
    expect([shown({}), shown({ SHOW_UPSTREAM_STATUS: "on" })]).toEqual([false, true]);
  });

  it("report every problem at once", () => {
    const wrong = {
      SNAPSHOTS: "a name, not a binding",
      S3_ENDPOINT: "s3.test",
      REFRESH_INTERVAL_MS: "soon",
      MEMORY_BUDGET_MB: "500",
      STATUS_PATH: "status",
      DELETE_URI_TAIL_SLASH: "yes",
    };
    expect(() => readSettings(wrong)).toThrow(/problem\(s\)/);
    for (const name of [...Object.keys(wrong), "S3_BUCKET", "S3_SECRET_ACCESS_KEY"]) {
      expect(() => readSettings(wrong), name).toThrow(name);
    }
  });

  it("refuse a memory or a time limit of nothing", () => {
    const none = { MEMORY_BUDGET_MB: "0", READ_TIMEOUT_MS: "0" };
    expect(() => readSettings(none)).toThrow(
      'MEMORY_BUDGET_MB: found "0", want a whole number from 1',
    );
    expect(() => readSettings(none)).toThrow('READ_TIMEOUT_MS: found "0"');
  });

  it("say which bindings carry which upstreams", () => {
    const [first, second] = [
      { fetch: async () => new Response() },
      { fetch: async () => new Response() },
    ];
    const bound = { FIRST: first, SECOND: second, SNAPSHOTS: r2 };
    const written = {
      "upstreams/5": "FIRST",
      "ssls/3": "SECOND",
      grpc: { binding: "SECOND", url: "host" },
      "routes/a": { binding: "FIRST", url: "node" },
    };
    for (const value of [written, JSON.stringify(written)]) {
      const { upstreamBindings } = readSettings({ ...bound, UPSTREAM_BINDINGS: value });
      const of = (holder: string, more: Partial<Upstream> = {}) => {
        const upstream: Upstream = { ...PLAIN, ...more };
        const binding = upstreamBindings.of(holder, upstream);
        return binding && `${binding.name} ${binding.url}`;
      };
      expect(of("upstreams/5")).toBe("FIRST node");
      expect(of("routes/a")).toBe("FIRST node");
      expect(of("upstreams/6", { tls: { client_cert_id: 3 } })).toBe("SECOND node");
      expect(of("upstreams/6", { scheme: "grpc" })).toBe("SECOND host");
      expect(of("upstreams/5", { scheme: "grpc", tls: { client_cert_id: 3 } })).toBe("FIRST node");
      expect(of("upstreams/6")).toBeUndefined();
      expect(of("upstreams/6", { scheme: "grpcs" })).toBeUndefined();
    }
  });

  it("do not let a client's Host choose among all that the private network reaches", () => {
    const bound = { SNAPSHOTS: r2, PRIVATE_NETWORK: { fetch: async () => new Response() } };
    const carried = (value: unknown) => () =>
      readSettings({ ...bound, UPSTREAM_BINDINGS: { "upstreams/5": value } }).upstreamBindings;
    expect(carried({ binding: "PRIVATE_NETWORK", url: "host" })).toThrow("a client's Host header");
    const written = carried("PRIVATE_NETWORK")();
    expect(written.of("upstreams/5", PLAIN)).toMatchObject({ url: "node" });
  });

  it("name every problem of the bindings for upstreams", () => {
    const wrong = {
      "upstreams/1": "ABSENT",
      "upstreams/2": { binding: "TEXT" },
      "upstreams/3": { binding: "GOOD", url: "both" },
      "upstreams/4": { binding: "GOOD", verify: false },
      "upstreams/5": ["GOOD"],
      "consumers/1": "GOOD",
      kafka: "GOOD",
    };
    const good = { fetch: async () => new Response() };
    const bound = { SNAPSHOTS: r2, TEXT: "text", GOOD: good };
    const read = (value: unknown) => () => readSettings({ ...bound, UPSTREAM_BINDINGS: value });
    for (const key of Object.keys(wrong)) {
      expect(read(JSON.stringify(wrong)), key).toThrow(`UPSTREAM_BINDINGS: ${key}: `);
    }
    expect(read(wrong)).toThrow("7 problem(s)");
    expect(read(wrong)).toThrow("Kafka is not HTTP");
    for (const value of ["{", "[]", "5"]) expect(read(value), value).toThrow("want a JSON object");
  });

  it("need a source", () => {
    expect(() => readSettings({})).toThrow("bind R2 as SNAPSHOTS, or set S3_ENDPOINT");
  });

  it("are each described once", () => {
    const names = EDGE_SETTINGS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, about } of EDGE_SETTINGS) expect(about, name).toMatch(/\w/);
  });
});
