import { describe, expect, it } from "vitest";
import { validate } from "../../exporter/validate.ts";

/** What becomes of single values is in test/golden/validate; here is what holds for all of them. */

const encoder = new TextEncoder();

const judge = (key: string, value: unknown, prefix = "/apisix") =>
  validate(
    { key: `${prefix}/${key}`, value: encoder.encode(JSON.stringify(value)), modRevision: 7 },
    prefix,
  );

const valid = (key: string, value: unknown) => {
  const verdict = judge(key, value);
  if (verdict.is !== "resource") throw new Error(`${key} is ${JSON.stringify(verdict)}`);
  return verdict;
};

const refused = (key: string, value: unknown) => {
  const verdict = judge(key, value);
  if (verdict.is !== "rejected") throw new Error(`${key} is ${verdict.is}`);
  return verdict.rejection;
};

describe("a valid value", () => {
  it("becomes a resource under its key below the prefix, at its revision", () => {
    const { resource } = valid("consumers/jack/credentials/c1", { plugins: {} });
    expect(resource).toMatchObject({
      key: "consumers/jack/credentials/c1",
      kind: "credentials",
      id: "jack/credentials/c1",
      modRevision: 7,
    });
  });

  it("may lie under any prefix, however many parts it has", () => {
    for (const prefix of ["/a", "/a/b/c", "no-slash", "/apisix/routes"]) {
      const verdict = judge("routes/1", { uri: "/a", plugins: {} }, prefix);
      expect(verdict).toMatchObject({ is: "resource", resource: { key: "routes/1", id: "1" } });
    }
  });

  it("is not shared with the next one: defaults are copies", () => {
    const checks = { active: { healthy: {} } };
    const statusesOf = () => {
      const { value } = valid("upstreams/1", { nodes: {}, checks }).resource;
      return (value as { checks: { active: { healthy: { http_statuses: number[] } } } }).checks
        .active.healthy.http_statuses;
    };
    statusesOf().push(500);
    expect(statusesOf()).toEqual([200, 302]);
  });

  it("tells each key that is not served once, not once for each of its plugins", () => {
    const plugins = {
      "ip-restriction": { whitelist: ["10.0.0.0/8"] },
      "limit-count": { count: 1, time_window: 60 },
      nope: {},
    };
    expect(valid("stream_routes/1", { server_port: 9100, plugins }).notices).toHaveLength(1);
  });

  it("names in its notices the whole etcd key", () => {
    const { notices } = valid("routes/1", { uri: "/a", plugins: { "grpc-web": {} } });
    expect(notices.map(({ key, path }) => [key, path])).toEqual([
      ["/apisix/routes/1", "plugins.grpc-web"],
    ]);
  });
});

describe("a value that is refused", () => {
  it("is told with the whole etcd key, its revision and what a person can do", () => {
    expect(refused("routes/1", { uri: 5 })).toEqual({
      key: "/apisix/routes/1",
      path: "uri",
      found: "5",
      wanted: "of type string",
      remedy: "put a corrected value to /apisix/routes/1, or delete it",
      revision: 7,
    });
  });

  it("is told by what is deepest in it, where several things are wrong", () => {
    const upstream = { nodes: [{ host: "a", weight: 1, port: 0 }] };
    expect(refused("routes/1", { upstream, colour: 1 }).path).toBe("upstream.nodes[0].port");
  });

  it("is told shortly, however large it is", () => {
    const rejections = [
      refused("routes/1", { uri: "/a", plugins: {}, desc: "x".repeat(1e6) }),
      refused("routes/1", { uri: "/a", plugins: Array(1e5).fill("x") }),
      refused("routes/1", Array(1e5).fill("x")),
      refused("routes/1", {
        ...Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`f${i}`, i])),
      }),
    ];
    for (const { path, found, wanted } of rejections) {
      expect(path.length + found.length + wanted.length).toBeLessThan(600);
    }
  });
});

it("a value of a megabyte is judged in one pass, however it is wrong", () => {
  const many = Array(2e5).fill("GET");
  expect(refused("routes/1", { uri: "/a", plugins: {}, methods: many }).path).toBe("methods");
  const distinct = Array.from({ length: 1e5 }, (_, i) => `h${i}.com`);
  expect(valid("routes/1", { uri: "/a", plugins: {}, hosts: distinct }).resource.id).toBe("1");
  const nodes = Array(1e5).fill({ host: "a b", weight: -1 });
  expect(refused("upstreams/1", { nodes }).path).toBe("nodes[0].host");
});

describe("a secret", () => {
  const SECRET = "s3cr3t-of-somebody";

  it.each([
    ["consumers/jack", { username: "jack", plugins: { "key-auth": SECRET } }],
    ["consumers/jack", { username: "jack", plugins: SECRET }],
    ["consumers/jack", SECRET],
    ["consumers/jack", [SECRET]],
    ["consumers/jack/credentials/c1", { plugins: { "jwt-auth": SECRET } }],
    ["ssls/1", { cert: "c".repeat(128), key: SECRET, sni: "a.com" }],
    ["ssls/1", { cert: "c".repeat(128), key: "k".repeat(64), sni: "a.com", keys: [SECRET] }],
    ["secrets/vault/1", { uri: "http://a", prefix: "p", token: [SECRET] }],
    ["secrets/vault/1", { uri: SECRET, prefix: "p", token: "t" }],
    ["secrets/aws/1", { access_key_id: SECRET }],
    ["secrets/gcp/1", { auth_config: SECRET }],
    ["upstreams/1", { nodes: {}, tls: { client_cert: "c".repeat(128), client_key: SECRET } }],
    ["routes/1", { uri: "/a", upstream: { nodes: {}, tls: { client_key: SECRET } } }],
    ["plugin_metadata/x", SECRET],
  ])("in %s stays out of what is told", (key, value) => {
    expect(JSON.stringify(refused(key, value))).not.toContain(SECRET);
  });

  it.each([
    '{"username":"jack","plugins":{"key-auth":{"key":"s3cr3t"',
    '{"key":"s3cr3t"]}',
    "s3cr3t",
  ])("in text that is no JSON stays out too: %s", (text) => {
    const entry = { key: "/apisix/consumers/jack", value: encoder.encode(text), modRevision: 1 };
    expect(JSON.stringify(validate(entry, "/apisix"))).not.toContain("s3cr3t");
  });

  it("in a route's plugin stays out of text that is no JSON", () => {
    const text = '{"uri":"/a","plugins":{"csrf":{"key":"s3cr3t" "name":"x"}}}';
    const entry = { key: "/apisix/routes/1", value: encoder.encode(text), modRevision: 1 };
    expect(JSON.stringify(validate(entry, "/apisix"))).not.toContain("s3cr3t");
  });
});

describe("JavaScript's own names", () => {
  const hostile = [
    '{"__proto__":{"polluted":1}}',
    '{"uri":"/a","plugins":{"__proto__":{"polluted":1}}}',
    '{"uri":"/a","plugins":{"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":1}}}',
    '{"uri":"/a","plugins":{},"labels":{"__proto__":"polluted"}}',
    '{"uri":"/a","upstream":{"nodes":{"__proto__":1}}}',
    '{"uri":"/a","plugins":{"constructor":{"prototype":{"polluted":1}}}}',
  ];

  it.each(hostile)("change nothing outside the value: %s", (text) => {
    for (const key of ["routes/1", "upstreams/1", "plugin_metadata/x", "secrets/vault/1"]) {
      validate({ key: `/apisix/${key}`, value: encoder.encode(text), modRevision: 1 }, "/apisix");
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("are no fields that a value may leave to its prototype", () => {
    expect(refused("routes/1", { uri: "/a", plugins: {}, toString: 1 }).path).toBe("toString");
    expect(refused("routes/1", { uri: "/a", plugins: {}, hasOwnProperty: 1 }).path).toBe(
      "hasOwnProperty",
    );
  });
});
