import { describe, expect, it } from "vitest";
import type { WriteMethod } from "../../../../exporter/admin/check/admin-kinds.ts";
import { checkResource } from "../../../../exporter/admin/check/check-resource.ts";
import { ENABLED_BY_DEFAULT } from "../../../../exporter/admin/check/enabled-plugins.ts";
import { parseResourcePath } from "../../../../exporter/admin/check/resource-path.ts";
import { createAuthority } from "../../../support/certificates.ts";
import { storing } from "../../../support/stored-resources.ts";

const stored = storing({
  "upstreams/u1": { nodes: {} },
  "services/s1": {},
  "plugin_configs/p1": { plugins: {} },
  "consumer_groups/g1": { plugins: {} },
  "consumers/jack": { username: "jack", plugins: { "key-auth": { key: "k-jack" } } },
  "consumers/jack/credentials/c1": { plugins: { "basic-auth": { username: "b" } } },
  "global_rules/1": { plugins: { cors: {} } },
  "ssls/client": { type: "client" },
  "ssls/server": { type: "server" },
});

async function write(method: WriteMethod, path: string, value: unknown, context = stored) {
  const target = parseResourcePath(path);
  if ("error_msg" in target) return `${target.status} ${target.error_msg}`;
  const outcome = await checkResource({ ...target, method, value }, context);
  return outcome.is === "valid" ? outcome : `${outcome.fault.status} ${outcome.fault.error_msg}`;
}
const put = (path: string, value: unknown) => write("PUT", path, value);
const isValid = expect.objectContaining({ is: "valid" });

const NODES = { nodes: { "127.0.0.1:1": 1 } };
const route = { uri: "/x", upstream: NODES };

describe("the id", () => {
  it("comes from the path or the value, and goes into what is stored", async () => {
    expect(await put("routes/1", route)).toEqual({
      is: "valid",
      id: "1",
      value: { ...route, id: "1" },
    });
    expect(await put("routes", { ...route, id: 5 })).toEqual({
      is: "valid",
      id: "5",
      value: { ...route, id: 5 },
    });
    expect(await put("routes/5", { ...route, id: 5 })).toMatchObject({ value: { id: "5" } });
  });

  it("may be left to the server only by POST", async () => {
    expect(await write("POST", "routes", route)).toEqual({
      is: "valid",
      id: undefined,
      value: route,
    });
    expect(await write("POST", "routes/1", route)).toBe("400 wrong route id, do not need it");
    expect(await put("stream_routes", {})).toBe("400 missing stream route id");
    expect(await put("secrets/vault", {})).toBe("400 missing secret id");
  });

  it("of a consumer is its user name, of metadata the plugin, of a secret has the manager", async () => {
    const jack = { username: "jack" };
    expect(await put("consumers", jack)).toEqual({ is: "valid", id: "jack", value: jack });
    expect(await put("consumers/jill", jack)).toBe("400 wrong username");
    expect(await put("plugin_metadata/cors", {})).toMatchObject({ value: { id: "cors" } });
    const vault = { uri: "http://v:1", prefix: "kv", token: "t" };
    expect(await put("secrets/vault/1", vault)).toMatchObject({
      id: "vault/1",
      value: { ...vault, id: "vault/1" },
    });
  });
});

describe("what is no value of a resource", () => {
  it("is refused by its type", async () => {
    expect(await put("routes/1", undefined)).toBe("400 missing configurations");
    const wrong = "400 invalid configuration: wrong type: expected object, got";
    expect(await put("routes/1", null)).toBe(`${wrong} userdata`);
    expect(await put("routes/1", "x")).toBe(`${wrong} string`);
    expect(await put("routes/1", [1])).toBe(`${wrong} table`);
  });

  it("is refused by its method", async () => {
    expect(await write("PATCH", "protos/1", {})).toBe("405 not supported `PATCH` method for proto");
    expect(await write("POST", "consumers/a/credentials", {})).toBe(
      "405 not supported `POST` method for credential",
    );
    expect(await put("nope/1", {})).toBe("404 Unsupported resource type: nope");
    expect(await put("credentials/1", {})).toBe("404 Unsupported resource type: credentials");
  });

  it("is refused with times of its own, but for PATCH", async () => {
    const timed = { ...route, update_time: 1 };
    expect(await put("routes/1", timed)).toBe("400 the property is forbidden:  update_time");
    expect(await write("PATCH", "routes/1", timed)).toEqual(isValid);
  });
});

it("stores what was sent, without defaults", async () => {
  const sent = { ...route, plugins: { "limit-req": { rate: 1, burst: 1, key: "remote_addr" } } };
  const before = structuredClone(sent);
  expect(await put("routes/1", sent)).toMatchObject({ value: { ...before, id: "1" } });
  expect(sent).toEqual(before);
});

describe("references", () => {
  const MISSING = [
    ["routes/1", { uri: "/", upstream_id: "x" }, "upstream info by upstream id [x]"],
    ["routes/1", { uri: "/", service_id: 7 }, "service info by service id [7]"],
    ["routes/1", { ...route, plugin_config_id: "x" }, "plugin config info by plugin config id [x]"],
    ["services/1", { upstream_id: "x" }, "upstream info by upstream id [x]"],
    ["stream_routes/1", { service_id: "x" }, "service info by service id [x]"],
    ["consumers", { username: "a", group_id: "x" }, "consumer group info by consumer group id [x]"],
    ["upstreams/1", { ...NODES, tls: { client_cert_id: "x" } }, "ssl info by ssl id [x]"],
  ] as const;

  it.each(MISSING)("%s: %j needs the %s", async (path, value, what) => {
    expect(await put(path, value)).toBe(`400 failed to fetch ${what}, response code: 404`);
    // Without a store nothing is looked up.
    expect(await write("PUT", path, value, { enabled: ENABLED_BY_DEFAULT })).toEqual(isValid);
  });

  it("pass where they lead somewhere", async () => {
    const all = { uri: "/", upstream_id: "u1", service_id: "s1", plugin_config_id: "p1" };
    expect(await put("routes/1", all)).toEqual(isValid);
    expect(await put("consumers", { username: "a", group_id: "g1" })).toEqual(isValid);
    const tls = (id: string) => ({ ...NODES, tls: { client_cert_id: id } });
    expect(await put("upstreams/1", tls("client"))).toEqual(isValid);
    expect(await put("upstreams/1", tls("server"))).toBe(
      "400 failed to fetch ssl info by ssl id [server], wrong ssl type",
    );
  });
});

describe("consumers and credentials", () => {
  const keyAuth = (key: string) => ({ plugins: { "key-auth": { key } } });

  it("may not share what identifies them", async () => {
    const duplicate = "400 duplicate key of plugin key-auth found with consumer: jack";
    expect(await put("consumers", { username: "jill", ...keyAuth("k-jack") })).toBe(duplicate);
    expect(await put("consumers/jack/credentials/c2", keyAuth("k-jack"))).toBe(duplicate);
    const basic = { plugins: { "basic-auth": { username: "b", password: "p" } } };
    expect(await put("consumers", { username: "jill", ...basic })).toBe(
      "400 duplicate key of plugin basic-auth found with credential: c1 of consumer: jack",
    );
  });

  it("may keep their own, and share references", async () => {
    expect(await put("consumers", { username: "jack", ...keyAuth("k-jack") })).toEqual(isValid);
    expect(await put("consumers", { username: "jill", ...keyAuth("$env://K") })).toEqual(isValid);
  });

  it("have plugins of their kind", async () => {
    expect(await put("consumers/jack/credentials/c", { plugins: { cors: {} } })).toBe(
      "400 only supports auth type plugins in consumer credential",
    );
    const two = { plugins: { "key-auth": { key: "a" }, "jwt-auth": { key: "a", secret: "s" } } };
    expect(await put("consumers/jack/credentials/c", two)).toBe(
      '400 invalid configuration: property "plugins" validation failed: ' +
        "expect object to have at most 1 properties",
    );
    expect(await put("consumers/nobody/credentials/c", keyAuth("new"))).toBe(
      "404 consumer not found",
    );
    // A plugin that finds no consumer has its own schema there.
    expect(await put("consumers", { username: "a", plugins: { cors: { max_age: "x" } } })).toMatch(
      /^400 invalid plugins configuration: .* plugin cors err: property "max_age"/,
    );
  });
});

describe("global rules", () => {
  it("may not have a plugin that another has", async () => {
    const rule = { plugins: { cors: {} } };
    expect(await put("global_rules/2", rule)).toBe(
      "400 plugin 'cors' already exists in global rule with id '1'",
    );
    expect(await put("global_rules/1", rule)).toEqual(isValid);
  });
});

describe("routes", () => {
  const REFUSED = [
    [{ host: "a", hosts: ["b"] }, "only one of host or hosts is allowed"],
    [
      { filter_func: "function(vars) " },
      "failed to load 'filter_func' string: [string \"return function(vars) \"]:1: " +
        "'end' expected near '<eof>'",
    ],
    [{ script: "local x = = 1" }, undefined],
    [
      { script: "return  { ", plugins: undefined },
      "failed to load 'script' string: [string \"return  { \"]:1: '}' expected near '<eof>'",
    ],
    [
      { vars: [["post_arg.n", "==", "1"]] },
      'failed to validate the \'vars\' expression: invalid expression "$." near "."',
    ],
    [{ vars: [["post_arg.nn", "==", "1"]] }, undefined],
    [
      { plugins: { cors: { _meta: { pre_function: "return (" } } } },
      expect.stringMatching(/^failed to load _meta.pre_function in plugin cors: /),
    ],
  ] as const;

  it.each(REFUSED)("with %j", async (more, fault) => {
    const value = JSON.parse(JSON.stringify({ ...route, ...more }));
    const outcome = await put("routes/1", value);
    if (fault === undefined) expect(outcome).toEqual(isValid);
    else expect(String(outcome).replace(/^400 /, "")).toEqual(fault);
  });

  it("know only plugins that are enabled", async () => {
    const value = { ...route, plugins: { brotli: {} } };
    expect(await put("routes/1", value)).toEqual(isValid);
    const usual = { ...stored, enabled: ENABLED_BY_DEFAULT };
    expect(await write("PUT", "routes/1", value, usual)).toBe("400 unknown plugin [brotli]");
    expect(await put("routes/1", { ...route, plugins: { constructor: {} } })).toBe(
      "400 unknown plugin [constructor]",
    );
  });

  it("of streams have plugins of streams", async () => {
    const wrong = { ...route, uri: undefined };
    const upstream = wrong.upstream;
    expect(await put("stream_routes/1", { upstream, plugins: { cors: {} } })).toBe(
      "400 unknown plugin [cors]",
    );
    expect(await put("stream_routes/1", { upstream, plugins: { "mqtt-proxy": {} } })).toBe(
      "400 failed to check the configuration of stream plugin [mqtt-proxy]: " +
        'property "protocol_level" is required',
    );
  });
});

describe("certificates", () => {
  const { cert, key } = createAuthority("admin").issue("a.test", ["DNS:a.test"]);
  const pair = { cert: cert.text, key: key.text };
  const junk = `-----BEGIN CERTIFICATE-----\n${"x".repeat(128)}`;
  const ssl = { sni: "a.test", ...pair };

  const REFUSED = [
    ["ssls/1", { ...ssl, cert: junk }, "failed to parse cert: PEM_read_bio_X509_AUX() failed"],
    ["ssls/1", { ...ssl, key: junk }, "failed to parse key: PEM_read_bio_PrivateKey() failed"],
    ["ssls/1", { ...ssl, key: "x".repeat(64) }, "failed to decrypt previous encrypted key"],
    ["ssls/1", { ...ssl, certs: [cert.text] }, "mismatched number of certs and keys"],
    [
      "ssls/1",
      { ...ssl, certs: [junk], keys: [key.text] },
      "failed to handle cert-key pair[1]: failed to parse cert: PEM_read_bio_X509_AUX() failed",
    ],
    [
      "ssls/1",
      { ...ssl, client: { ca: junk } },
      "failed to validate client_cert: failed to parse cert: PEM_read_bio_X509_AUX() failed",
    ],
    [
      "ssls/1",
      { type: "client", cert: cert.text },
      "invalid configuration: else clause did not match",
    ],
    ["ssls/1", pair, "invalid configuration: then clause did not match"],
    [
      "upstreams/1",
      { ...NODES, tls: { client_cert: cert.text } },
      'invalid configuration: property "tls" validation failed: failed to validate dependent ' +
        'schema for "client_cert": property "client_key" is required',
    ],
    [
      "upstreams/1",
      { ...NODES, tls: { client_cert: junk, client_key: key.text } },
      "failed to parse cert: PEM_read_bio_X509_AUX() failed",
    ],
  ] as const;

  it.each(REFUSED)("%s: refused for what is wrong with them", async (path, value, fault) => {
    expect(await put(path, value)).toBe(`400 ${fault}`);
  });

  it("pass where they parse, and where they are references", async () => {
    expect(await put("ssls/1", ssl)).toEqual(isValid);
    expect(await put("ssls/1", { type: "client", ...pair })).toEqual(isValid);
    expect(await put("ssls/1", { ...ssl, certs: [cert.text], keys: [key.text] })).toEqual(isValid);
    const references = { sni: "a.test", cert: "$secret://vault/1/a/c", key: "$env://KEY" };
    expect(await put("ssls/1", references)).toEqual(isValid);
  });
});

describe("metadata, secrets and protos", () => {
  const REFUSED = [
    ["plugin_metadata", {}, "missing plugin name"],
    ["plugin_metadata/nope", {}, "invalid plugin name"],
    [
      "plugin_metadata/http-logger",
      { log_format: "x" },
      'invalid configuration: property "log_format" validation failed: ' +
        "wrong type: expected object, got string",
    ],
    ["secrets/nope/1", {}, "invalid secret manager: nope"],
    ["secrets/aws/1", {}, 'invalid configuration: property "access_key_id" is required'],
    ["protos/1", {}, 'invalid configuration: property "content" is required'],
    [
      "protos/1",
      { content: 'syntax = "proto3"; message A {' },
      "invalid content: 1: '}' expected near end of file",
    ],
    ["protos/1", { content: "hello, world" }, "invalid content: 1: syntax error near 'hello'"],
  ] as const;

  it.each(REFUSED)("%s %j: %s", async (path, value, fault) => {
    expect(await put(path, value)).toBe(`400 ${fault}`);
  });

  it("pass where nothing is wrong", async () => {
    expect(await put("plugin_metadata/key-auth", { anything: 1 })).toEqual(isValid);
    const content = '// a comment\nsyntax = "proto3";\nmessage A { string b = 1; }\nservice S {}';
    expect(await put("protos/1", { content })).toEqual(isValid);
    expect(await put("protos/1", { content: Buffer.from([10, 1, 0]).toString("base64") })).toEqual(
      isValid,
    );
  });
});

it("rejects where the store does not answer", async () => {
  const get = () => Promise.reject(new Error("no etcd"));
  const silent = { ...stored, lookups: { ...stored.lookups, get } as typeof stored.lookups };
  await expect(write("PUT", "routes/1", { uri: "/", upstream_id: "u1" }, silent)).rejects.toThrow(
    "no etcd",
  );
});
