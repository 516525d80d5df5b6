import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { validate } from "../../exporter/validate.ts";
import { KIND_NAMES } from "../../shared/resources/resource-key.ts";
import { type AdminWorld, startAdminWorld } from "../support/admin-world.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../support/etcd-server.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";

/** Whatever is sent: no answer is a 5xx, and nothing that the exporter would refuse gets into etcd. */

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  "",
  "x",
  "\ud800",
  "\u0000",
  "漢",
  "x".repeat(70_000),
  [],
  {},
  [[]],
  [null],
  { a: null },
  JSON.parse(nested(900)),
  JSON.parse('{"__proto__": {"polluted": true}}'),
  JSON.parse('{"constructor": {"prototype": 1}, "toString": null, "hasOwnProperty": 1}'),
];
const NAMES = [
  "__proto__",
  "constructor",
  "id",
  "plugins",
  "nodes",
  "create_time",
  "",
  "a/b",
  "\u0000",
];
const RAW: readonly (string | Uint8Array)[] = [
  "",
  " ",
  "{",
  "nul",
  '{"a":1}x',
  '{"uri":"\ud800"}',
  nested(5000),
  "[".repeat(100_000),
  '{"uri":1e999}',
  '{"uri":"/a","__proto__":{"upstream_id":"u"}}',
  new Uint8Array([0xff, 0xfe, 0x00]),
  new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
  new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
];
const SEGMENTS = [
  "1",
  "a%2Fb",
  "..%2f..",
  "%00",
  "%ff",
  "__proto__",
  "x".repeat(300),
  "é",
  "credentials",
];
const QUERIES = [
  "",
  "?ttl=x",
  "?ttl=1e3",
  "?force=1",
  "?page=a&page_size=1e9",
  "?page=1&page_size=10",
  "?name=(",
  "?uri=%5B",
  "?filter=%25",
  "?label=__proto__",
  "?api_key=",
  "?subsystem=__proto__",
];

const seeds = readFileSync(join(import.meta.dirname, "../recorded/admin-writes.jsonl"), "utf8")
  .trim()
  .split("\n")
  .flatMap((line) => {
    const { path, v } = JSON.parse(line) as { path: string; v?: object };
    return v === undefined || path.startsWith("schema") ? [] : [{ path, v }];
  });

function spoilt(value: unknown, random: Random): unknown {
  const isInner = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (!isInner || random.chance(0.15)) return random.pick(ODD);
  const name = random.pick(Object.keys(value));
  const inner = (value as Record<string, unknown>)[name];
  if (Array.isArray(value)) return value.with(Number(name), spoilt(inner, random));
  const changed = random.chance(0.1) ? random.pick(NAMES) : name;
  const entries = Object.entries(value).filter(([other]) => other !== changed);
  return Object.fromEntries([...entries, [changed, spoilt(inner, random)]]);
}

function aCall(random: Random) {
  const seed = random.pick(seeds);
  const method = random.pick(["PUT", "PUT", "PUT", "PATCH", "PATCH", "POST", "GET", "DELETE"]);
  const path = random.chance(0.7)
    ? seed.path
    : [
        random.pick([...KIND_NAMES, "plugins", "schema", "configs", "secrets/vault", "nope"]),
        ...Array.from({ length: random.below(4) }, () => random.pick(SEGMENTS)),
      ].join("/");
  const body =
    method === "GET" || method === "DELETE"
      ? undefined
      : random.chance(0.15)
        ? random.pick(RAW)
        : random.chance(0.3)
          ? seed.v
          : spoilt(seed.v, random);
  return { method, path: path + (random.chance(0.2) ? random.pick(QUERIES) : ""), body };
}

describeWithEtcd("the Admin API under fuzz", () => {
  let cluster: EtcdCluster;
  let world: AdminWorld;
  beforeAll(async () => {
    cluster = await startEtcdServer();
    world = await startAdminWorld(cluster, { keyring: ["an-own-key-of-16"] });
  });
  afterAll(async () => {
    await world.stop();
    await cluster.stop();
  });

  it("answers everything, and lets nothing broken in", async () => {
    const random = seededRandom(runSeed());
    console.log(`seed ${random.seed}`);
    const statuses = new Map<number, number>();
    for (let i = 0; i < 1500; i++) {
      const { method, path, body } = aCall(random);
      const { status, body: answer } = await world.call(method, path, body);
      const said = `${status} ${JSON.stringify(answer).slice(0, 300)}`;
      const sent = body instanceof Uint8Array ? [...body] : body;
      const where = `seed ${random.seed}, call ${i}: ${method} ${path} ${JSON.stringify(sent)?.slice(0, 400)}: ${said}`;
      expect(status, where).toBeGreaterThanOrEqual(200);
      expect(status, where).toBeLessThan(500);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const { key } = (answer ?? {}) as { key?: string };
      if (status < 300 && method !== "GET" && method !== "DELETE" && key !== undefined) {
        expect(await verdictOf(key), where).toBe("resource");
      }
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    // All of it would be a test of one line of code.
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 404, 405]));
  }, 120_000);

  async function verdictOf(key: string): Promise<string> {
    const { kvs } = await world.transport.range({ key });
    const [entry] = kvs;
    if (!entry) return "gone";
    const verdict = validate(entry, world.prefix);
    return verdict.is === "rejected" ? JSON.stringify(verdict.rejection) : verdict.is;
  }
});
