import { expect, it } from "vitest";
import { validate } from "../../exporter/validate.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";

/** Valid values, damaged at random: as JSON values, and as the bytes that etcd gives. */

const upstream = {
  nodes: { "a.com:80": 1, "127.0.0.1": 2, "[::1]:81": 3, "2001:db8::1": 4 },
  type: "chash",
  key: "uri",
  hash_on: "vars",
  retries: 1,
  timeout: { connect: 1, send: 1, read: 1 },
  keepalive_pool: { size: 1 },
  tls: { client_cert: "c".repeat(128), client_key: "k".repeat(64) },
  checks: { active: { healthy: {}, unhealthy: {} }, passive: { healthy: {}, unhealthy: {} } },
  pass_host: "rewrite",
  upstream_host: "b.com",
};
const plugins = { "key-auth": { _meta: { disable: true } }, gzip: {}, nope: { a: [{}] } };
const described = { name: "n", desc: "d", labels: { a: "b" }, create_time: 1, update_time: 2 };

const VALID: Readonly<Record<string, object>> = {
  "routes/1": { ...described, uri: "/a", hosts: ["A.com"], methods: ["GET"], upstream, plugins },
  "routes/2": {
    uris: ["/a", "/b/*"],
    remote_addrs: ["::1"],
    vars: [["a", "==", "b"]],
    service_id: 1,
  },
  "services/1": { ...described, upstream, plugins, hosts: ["*.a.com"], enable_websocket: true },
  "upstreams/1": { ...described, ...upstream },
  "upstreams/2": { nodes: [{ host: "::1", port: 1, weight: 0, priority: -1, metadata: {} }] },
  "plugin_configs/1": { ...described, plugins },
  "consumer_groups/1": { id: "1", plugins },
  "global_rules/1": { id: 1, plugins },
  "plugin_metadata/x": { log_format: { a: "$b" } },
  "consumers/jack": { username: "jack", group_id: "g", plugins },
  "consumers/jack/credentials/c": { plugins: { "key-auth": { key: "k" } } },
  "ssls/1": {
    cert: "c".repeat(128),
    key: "k".repeat(64),
    snis: ["a.com"],
    client: { ca: "a".repeat(128) },
  },
  "protos/1": { content: "syntax" },
  "secrets/vault/1": { uri: "http://a", prefix: "p", token: "t" },
  "secrets/gcp/1": { auth_config: { client_email: "e", private_key: "k", project_id: "p" } },
  "stream_routes/1": { server_port: 1, upstream, protocol: { name: "n", logger: [{ conf: {} }] } },
};

const ODD_NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "\n",
  "0",
  "id",
  "nodes",
  "plugins",
  "_meta",
];
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  "",
  "a",
  "\u0000",
  "\ud800",
  "x".repeat(5000),
  [],
  {},
  [[]],
  [null],
  { a: null },
  "*",
  "::1",
];

const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 20_000);

it("whatever is put under a key, it is judged, and a valid value stays the same when judged again", () => {
  const random = seededRandom(runSeed());
  const seen = { resource: 0, rejected: 0, skipped: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const key = random.chance(0.95) ? random.pick(Object.keys(VALID)) : oddKey(random);
    const value = damagedBytes(
      JSON.stringify(damaged(Object.hasOwn(VALID, key) ? VALID[key] : {}, random)),
      random,
    );
    const about = `seed ${random.seed}, round ${round}, ${key} ${new TextDecoder().decode(value)}`;
    const verdict = judge(key, value, about);
    seen[verdict.is] += 1;
    if (verdict.is === "rejected") {
      const { path, found, wanted, remedy } = verdict.rejection;
      for (const text of [found, wanted, remedy]) expect(text, about).not.toBe("");
      expect(path.length + found.length + wanted.length, about).toBeLessThan(2000);
    }
    if (verdict.is !== "resource") continue;
    const again = judge(key, bytesOf(JSON.stringify(verdict.resource.value)), about);
    expect(again, about).toEqual(verdict);
    expect(JSON.stringify(again), about).toBe(JSON.stringify(verdict));
  }
  expect(Object.keys(Object.prototype), `seed ${random.seed}`).toEqual([]);
  // Without a fair share of each outcome this would prove little.
  expect(seen.resource, `seed ${random.seed}`).toBeGreaterThan(ROUNDS / 10);
  expect(seen.rejected, `seed ${random.seed}`).toBeGreaterThan(ROUNDS / 10);
});

function judge(key: string, value: Uint8Array, about: string) {
  try {
    return validate({ key: `/apisix/${key}`, value, modRevision: 1 }, "/apisix");
  } catch (cause) {
    throw new Error(about, { cause });
  }
}

/** A copy with up to three places changed, each at any depth. */
function damaged(value: unknown, random: Random): unknown {
  let result = value;
  for (let i = random.below(4); i > 0; i--) result = damagedOnce(result, random);
  return result;
}

function damagedOnce(value: unknown, random: Random): unknown {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || random.chance(0.1)) return random.pick(ODD_VALUES);
  const [name, inner] = random.pick(entries);
  const rest = entries.filter(([other]) => other !== name);
  const changed: [string, unknown][] = random.pick([
    () => [],
    () => [[name, random.pick(ODD_VALUES)] as [string, unknown]],
    () => [[name, damagedOnce(inner, random)] as [string, unknown]],
    () => [[name, damagedOnce(inner, random)] as [string, unknown]],
    () => [[random.pick(ODD_NAMES), inner] as [string, unknown]],
    () =>
      [
        [name, inner],
        [random.pick(ODD_NAMES), random.pick(ODD_VALUES)],
      ] as [string, unknown][],
  ])();
  const all = [...rest, ...changed];
  return Array.isArray(value) ? all.map(([, member]) => member) : withFields(all);
}

/** An object that has even `__proto__` as a field of its own. */
function withFields(entries: readonly [string, unknown][]): object {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true });
  }
  return object;
}

function damagedBytes(text: string, random: Random): Uint8Array {
  const bytes = bytesOf(text);
  if (random.chance(0.9)) return bytes;
  const at = random.below(bytes.length + 1);
  if (random.chance(0.3)) return bytes.subarray(0, at);
  bytes[at] = random.below(256);
  return bytes;
}

function oddKey(random: Random): string {
  const parts = ["routes", "consumers", "secrets", "credentials", "1", "vault", ...ODD_NAMES];
  return Array.from({ length: random.below(5) }, () => random.pick(parts)).join("/");
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
