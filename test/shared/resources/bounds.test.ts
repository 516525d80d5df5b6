import { describe, expect, it } from "vitest";
import { validate } from "../../../exporter/validate.ts";

/**
 * APISIX's bounds of single fields, as it was seen to hold them: for each field values that it takes and
 * values that it does not. `$` stands for the value in the resource above the table.
 */

interface Bounds {
  readonly field: string;
  readonly takes: readonly unknown[];
  readonly refuses: readonly unknown[];
}

const HOSTS = {
  takes: [
    "*",
    "*.a.com",
    "*a.com",
    "a.com",
    "A-b_c.com",
    "a.com:8080",
    "[::1]",
    "::1",
    "127.0.0.1",
  ],
  refuses: ["", "**", "a.*", "a b", "a/b", "http://a", "a,b", "ä.de", 5, null, []],
};
const IDS = {
  takes: ["a", "x".repeat(64), "a-b_c.D", "0", 1, 9007199254740991],
  refuses: ["", "x".repeat(65), "a/b", "a b", "ü", 0, -1, 1.5, null, true, {}, []],
};
const ADDRESSES = {
  takes: ["127.0.0.1", "0.0.0.0/0", "10.0.0.0/8", "255.255.255.255/32", "::1", "::/0", "fe80::/10"],
  refuses: ["", "x", "1.1.1", "1.1.1.256", "1.1.1.1/33", "1.1.1.1/", "::1/1234", "a.com", 5],
};
const SECONDS = { takes: [0.001, 1, 1e6], refuses: [0, -1, "1", null] };
const NAMES = { takes: ["n", "ü".repeat(256)], refuses: ["", "n".repeat(257), 5, null] };

const ROUTE: readonly Bounds[] = [
  { field: "name", ...NAMES },
  { field: "desc", takes: ["", "😀".repeat(256)], refuses: ["d".repeat(257), 5] },
  {
    field: "labels",
    takes: [{}, { "any key": "v" }],
    refuses: [{ a: "" }, { a: "b c" }, { a: 1 }, 5],
  },
  { field: "create_time", takes: [0, 1700000000], refuses: [1.5, "1"] },
  {
    field: "uri",
    takes: ["a", "/", "*", "/x".repeat(2048)],
    refuses: ["", "x".repeat(4097), 5, ["/"]],
  },
  { field: "host", ...HOSTS },
  {
    field: "hosts",
    takes: [["a.com"], ["a.com", "b.com"]],
    refuses: [[], ["a", "a"], [""], "a", {}],
  },
  { field: "remote_addr", ...ADDRESSES },
  { field: "remote_addrs", takes: [["::1", "10.0.0.0/8"]], refuses: [[], ["x"], ["::1", "::1"]] },
  {
    field: "methods",
    takes: [[], ["GET", "PURGE", "TRACE"]],
    refuses: [["get"], ["GET", "GET"], "GET"],
  },
  { field: "vars", takes: [[], [["a", "==", "b"]]], refuses: ["x", {}] },
  { field: "filter_func", takes: ["function()"], refuses: ["function(", "(function()end)", 5] },
  { field: "priority", takes: [-1, 0, 1e9], refuses: [0.5, "0", null] },
  { field: "status", takes: [0, 1], refuses: [2, true, "1"] },
  { field: "enable_websocket", takes: [true, false], refuses: [1, "true"] },
  { field: "timeout.connect", ...SECONDS },
  { field: "timeout.send", ...SECONDS },
  { field: "timeout.read", ...SECONDS },
  {
    field: "plugins",
    takes: [{}, [], { a: {} }, { a: [] }],
    refuses: [5, ["a"], { a: 1 }, { a: [1] }],
  },
  { field: "plugin_config_id", ...IDS },
  { field: "upstream_id", ...IDS },
  { field: "service_id", ...IDS },
];

const UPSTREAM: readonly Bounds[] = [
  { field: "type", takes: ["roundrobin", "ewma", "least_conn", "anything"], refuses: [5, null] },
  {
    field: "hash_on",
    takes: ["vars", "header", "cookie", "consumer", "vars_combinations"],
    refuses: ["", "var"],
  },
  {
    field: "scheme",
    takes: ["grpc", "grpcs", "http", "https", "tcp", "tls", "udp", "kafka"],
    refuses: ["ftp", "HTTP"],
  },
  { field: "pass_host", takes: ["pass", "node"], refuses: ["", "rewrit"] },
  { field: "upstream_host", ...HOSTS },
  { field: "retries", takes: [0, 99], refuses: [-1, 0.5, "1"] },
  { field: "retry_timeout", takes: [0, 0.5], refuses: [-0.1, "1"] },
  { field: "keepalive_pool.size", takes: [1], refuses: [0, 1.5] },
  { field: "keepalive_pool.idle_timeout", takes: [0, 0.5], refuses: [-1] },
  { field: "keepalive_pool.requests", takes: [1], refuses: [0] },
  {
    field: "nodes",
    takes: [{}, [], { a: 0 }],
    refuses: [5, { a: -1 }, { a: 0.5 }, [{ host: "a" }]],
  },
  { field: "tls.client_cert_id", ...IDS },
  { field: "checks.active.type", takes: ["http", "https", "tcp"], refuses: ["udp"] },
  { field: "checks.active.port", takes: [1, 65535], refuses: [0, 65536] },
  { field: "checks.active.http_method", takes: ["HEAD"], refuses: ["head"] },
  { field: "checks.active.healthy.interval", takes: [1], refuses: [0] },
  { field: "checks.active.healthy.successes", takes: [1, 254], refuses: [0, 255] },
  {
    field: "checks.active.healthy.http_statuses",
    takes: [[200, 599]],
    refuses: [[199], [600], []],
  },
  { field: "checks.active.unhealthy.timeouts", takes: [1, 254], refuses: [0, 255] },
  { field: "checks.passive.healthy.successes", takes: [0, 254], refuses: [-1, 255] },
  { field: "checks.passive.unhealthy.http_failures", takes: [0, 254], refuses: [-1, 255] },
];

const NODE: readonly Bounds[] = [
  { field: "host", ...HOSTS },
  { field: "port", takes: [1, 65535], refuses: [0, 65536, "80", null] },
  { field: "weight", takes: [0, 1e6], refuses: [-1, 0.5, "1", null] },
  { field: "priority", takes: [-1, 0, 5], refuses: [0.5, "1"] },
  { field: "metadata", takes: [{}, { any: ["thing"] }], refuses: [5, "x"] },
];

const CONSUMER: readonly Bounds[] = [
  {
    field: "username",
    takes: ["j", "J-a_9", "x".repeat(256)],
    refuses: ["", "a.b", "x".repeat(257), 5],
  },
  { field: "group_id", ...IDS },
];

const timeout = { connect: 1, send: 1, read: 1 };
const tables = [
  ["routes/1", { uri: "/a", plugins: {}, timeout }, ROUTE],
  ["upstreams/1", { nodes: {}, checks: { active: {} } }, UPSTREAM],
  ["consumers/jack", { username: "jack" }, CONSUMER],
] as const;

describe.each(tables)("%s", (key, base, table) => {
  it.each(table)("$field", ({ field, takes, refuses }) => {
    for (const value of takes)
      expect(verdict(key, set(base, field, value)), show(value)).toBe("resource");
    for (const value of refuses) {
      expect(verdict(key, set(base, field, value)), show(value)).toBe("rejected");
    }
  });
});

describe("a node in a list", () => {
  it.each(NODE)("$field", ({ field, takes, refuses }) => {
    const upstream = (value: unknown) => ({ nodes: [{ host: "a", weight: 1, [field]: value }] });
    for (const value of takes)
      expect(verdict("upstreams/1", upstream(value)), show(value)).toBe("resource");
    for (const value of refuses) {
      expect(verdict("upstreams/1", upstream(value)), show(value)).toBe("rejected");
    }
  });
});

function verdict(key: string, value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return validate({ key: `/apisix/${key}`, value: bytes, modRevision: 1 }, "/apisix").is;
}

/** A copy of `base` with `value` at the dotted path. */
function set(base: object, path: string, value: unknown): object {
  const [first = "", ...rest] = path.split(".");
  const inner = (base as Record<string, unknown>)[first] ?? {};
  return {
    ...base,
    [first]: rest.length > 0 ? set(inner as object, rest.join("."), value) : value,
  };
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 60);
}
