import { describe, expect, it } from "vitest";
import type { KeyspaceChange } from "../../exporter/etcd/keyspace.ts";
import { ResourceTable } from "../../exporter/resource-table.ts";
import { runSeed, seededRandom } from "../support/random.ts";

const encoder = new TextEncoder();

/** Values by key below the prefix: text is put as it is, undefined deletes. */
type Writes = Readonly<Record<string, unknown>>;

class World {
  readonly table: ResourceTable;
  revision: number;

  constructor(revision = 0) {
    this.table = new ResourceTable("/apisix");
    this.revision = revision;
  }

  /** Each put at a revision of its own; the keys that changed, sorted. */
  apply(
    writes: Writes,
    cause: KeyspaceChange["cause"] = "watch",
    part?: KeyspaceChange["part"],
  ): string[] {
    const puts = Object.entries(writes)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ({
        key: `/apisix/${key}`,
        value: encoder.encode(typeof value === "string" ? value : JSON.stringify(value)),
        modRevision: ++this.revision,
      }));
    const deletes = Object.keys(writes)
      .filter((key) => writes[key] === undefined)
      .map((key) => `/apisix/${key}`);
    const { revision } = this;
    const change = { cause, clusterId: "1", revision, puts, deletes, ...(part && { part }) };
    return [...this.table.apply(change)].sort();
  }

  /** As the exporter does after a base, with the bodies of what was published last. */
  async recall(published: ReadonlyMap<string, string>): Promise<string[]> {
    return [...(await this.table.recall(async (key) => published.get(key)))].sort();
  }

  /** The uris of the routes in use, by key. */
  uris(): Record<string, unknown> {
    return Object.fromEntries([...this.table.ofKind("routes")].map((r) => [r.key, r.value.uri]));
  }
}

const route = (uri: string, more: object = {}) => ({ uri, plugins: {}, ...more });
const BAD = { uri: 5 };

const bodiesOf = ({ table }: World) =>
  new Map([...table.all()].map(({ key }) => [key, table.body(key)?.json as string]));

const remembered = (...uris: string[]) => {
  const world = new World();
  world.apply(Object.fromEntries(uris.map((uri, i) => [`routes/${i + 1}`, route(uri)])), "base");
  return bodiesOf(world);
};

describe("changes", () => {
  it("tell exactly the keys whose resource is another now", () => {
    const world = new World();
    expect(world.apply({ "routes/1": route("/a"), "services/s": {} }, "base")).toEqual([
      "routes/1",
      "services/s",
    ]);
    expect(world.apply({ "routes/1": route("/b"), "routes/2": route("/c") })).toEqual([
      "routes/1",
      "routes/2",
    ]);
    expect(world.apply({ "routes/1": undefined, "routes/9": undefined })).toEqual(["routes/1"]);
    expect(world.uris()).toEqual({ "routes/2": "/c" });
    expect(world.table.size).toBe(2);
    expect(world.table.counts()).toEqual({ routes: 1, services: 1 });
  });

  it("pass over placeholders and keys that are no resources", () => {
    const world = new World();
    const writes = { "routes/": "init_dir", plugins: "[]", gen_id: "1", "routes/1": route("/a") };
    expect(world.apply(writes, "base")).toEqual(["routes/1"]);
    expect(world.table.rejections()).toEqual([]);
  });

  it("may go back in revision, as after a restore of etcd", () => {
    const world = new World(100);
    world.apply({ "routes/1": route("/new") }, "base");
    world.revision = 5;
    expect(world.apply({ "routes/1": route("/old") }, "resync")).toEqual(["routes/1"]);
    expect(world.table.get("routes/1")?.modRevision).toBe(6);
    expect(world.uris()).toEqual({ "routes/1": "/old" });
  });

  it("that are a second base take away what it lacks", () => {
    const world = new World();
    world.apply({ "routes/1": route("/a"), "routes/2": route("/b"), "routes/3": BAD }, "base");
    expect(world.apply({ "routes/2": route("/b") }, "base")).toEqual(["routes/1", "routes/2"]);
    expect(world.uris()).toEqual({ "routes/2": "/b" });
    expect(world.table.rejections()).toEqual([]);
  });
});

describe("a bad value", () => {
  it.each([BAD, "not json", "", "null", "5", "{", '{"__proto__":1}'])(
    "keeps the key's last valid one, and says at which revision that was: %j",
    (bad) => {
      const world = new World();
      world.apply({ "routes/1": route("/a") }, "base");
      expect(world.apply({ "routes/1": bad })).toEqual([]);
      expect(world.uris()).toEqual({ "routes/1": "/a" });
      expect(world.table.rejections()).toMatchObject([
        { key: "/apisix/routes/1", revision: 2, keptRevision: 1 },
      ]);
    },
  );

  it("that was never good is only told", () => {
    const world = new World();
    expect(world.apply({ "routes/1": BAD }, "base")).toEqual([]);
    expect(world.table.get("routes/1")).toBeUndefined();
    expect(world.table.rejections()).toMatchObject([{ revision: 1, keptRevision: undefined }]);
    expect(world.table.rejectionCount).toBe(1);
  });

  it("after another keeps the last valid one still", () => {
    const world = new World();
    world.apply({ "routes/1": route("/a") }, "base");
    world.apply({ "routes/1": BAD });
    world.apply({ "routes/1": "worse" });
    expect(world.table.rejections()).toMatchObject([{ revision: 3, keptRevision: 1 }]);
    expect(world.uris()).toEqual({ "routes/1": "/a" });
  });

  it("is forgotten when a good one comes", () => {
    const world = new World();
    world.apply({ "routes/1": BAD }, "base");
    expect(world.apply({ "routes/1": route("/a") })).toEqual(["routes/1"]);
    expect(world.table.rejections()).toEqual([]);
  });

  it("goes with its key, and so does the value that was kept", () => {
    const world = new World();
    world.apply({ "routes/1": route("/a") }, "base");
    world.apply({ "routes/1": BAD });
    expect(world.apply({ "routes/1": undefined })).toEqual(["routes/1"]);
    expect(world.table.rejections()).toEqual([]);
    expect(world.uris()).toEqual({});
  });

  it("does not hold up the others of its change", () => {
    const world = new World();
    const writes = { "routes/1": route("/a"), "routes/2": BAD, "routes/3": route("/c") };
    expect(world.apply(writes, "base")).toEqual(["routes/1", "routes/3"]);
  });
});

describe("the last published generation", () => {
  it("stands in for a value that is bad when the exporter starts", async () => {
    const world = new World(10);
    const published = remembered("/a", "/b");
    const changed = world.apply({ "routes/1": BAD, "routes/2": route("/new") }, "base");
    expect(changed).toEqual(["routes/2"]);
    expect(await world.recall(published)).toEqual(["routes/1"]);
    expect(world.uris()).toEqual({ "routes/1": "/a", "routes/2": "/new" });
    expect(world.table.body("routes/1")?.json).toBe(published.get("routes/1"));
    expect(world.table.rejections()).toMatchObject([{ revision: 11, keptRevision: 1 }]);
  });

  it("does not bring back what was deleted while no exporter ran", async () => {
    const world = new World(10);
    world.apply({ "routes/2": route("/b") }, "base");
    expect(await world.recall(remembered("/a", "/b"))).toEqual([]);
    expect(world.uris()).toEqual({ "routes/2": "/b" });
    world.apply({ "routes/1": BAD });
    expect(world.uris()).toEqual({ "routes/2": "/b" });
    expect(world.table.rejections()).toMatchObject([{ keptRevision: undefined }]);
  });

  it("is asked for nothing but what has only a bad value", async () => {
    const world = new World();
    const asked: string[] = [];
    world.apply({ "routes/1": route("/a"), "routes/2": BAD, "nothing/3": BAD }, "base");
    await world.table.recall(async (key) => void asked.push(key));
    expect(asked).toEqual(["routes/2"]);
  });

  it("that cannot be read leaves the table as it is, to be asked again", async () => {
    const world = new World();
    world.apply({ "routes/1": BAD, "routes/2": BAD }, "base");
    const published = remembered("/a", "/b");
    const failing = world.table.recall(async (key) => {
      if (key === "routes/2") throw new Error("the bucket is away");
      return published.get(key);
    });
    await expect(failing).rejects.toThrow("the bucket is away");
    expect(world.uris()).toEqual({});
    expect(await world.recall(published)).toEqual(["routes/1", "routes/2"]);
  });

  it("tells what the edge will not do of a value that it brought back", async () => {
    const world = new World();
    world.apply({ "routes/1": route("/a", { plugins: { "ext-plugin-pre-req": {} } }) }, "base");
    const restarted = new World(10);
    restarted.apply({ "routes/1": BAD }, "base");
    await restarted.recall(bodiesOf(world));
    expect(restarted.table.notices()).toEqual(world.table.notices());
    expect(restarted.table.notices().list).toHaveLength(1);
  });
});

describe("a change in parts", () => {
  it("is seen as a whole or not at all", () => {
    const world = new World();
    expect(world.apply({ "routes/1": route("/a") }, "base", "first")).toEqual([]);
    expect(world.apply({ "routes/2": BAD }, "base", "next")).toEqual([]);
    expect([world.uris(), world.table.rejections()]).toEqual([{}, []]);
    const changed = world.apply({ "routes/3": route("/c") }, "base", "last");
    expect(changed).toEqual(["routes/1", "routes/3"]);
    expect(world.uris()).toEqual({ "routes/1": "/a", "routes/3": "/c" });
    expect(world.table.rejectionCount).toBe(1);
  });

  it("that was not brought to its end is void when another begins", () => {
    const world = new World();
    world.apply({ "routes/1": route("/a") }, "base");
    world.apply({ "routes/1": route("/b"), "routes/2": route("/b") }, "resync", "first");
    world.apply({ "routes/3": route("/c") }, "resync", "first");
    const changed = world.apply({ "routes/1": undefined }, "resync", "last");
    expect(changed).toEqual(["routes/1", "routes/3"]);
    expect(world.uris()).toEqual({ "routes/3": "/c" });
  });

  it("that is read again and still the same changes nothing", () => {
    const world = new World();
    world.apply({ "routes/1": route("/a") }, "base");
    world.apply({ "routes/1": BAD });
    world.revision = 0;
    expect(world.apply({ "routes/1": route("/a") }, "resync")).toEqual([]);
    expect(world.table.rejections()).toEqual([]);
  });
});

describe("what is told", () => {
  it("comes in the order of keys", () => {
    const world = new World();
    world.apply({ "routes/2": BAD, "routes/10": BAD, "consumers/z": BAD, "routes/1": BAD }, "base");
    expect(world.table.rejections().map(({ key }) => key)).toEqual([
      "/apisix/consumers/z",
      "/apisix/routes/1",
      "/apisix/routes/10",
      "/apisix/routes/2",
    ]);
  });

  it("stays with a value that is kept, and goes with it", () => {
    const world = new World();
    const plugins = { "ext-plugin-pre-req": {} };
    world.apply({ "routes/1": route("/a", { plugins }) }, "base");
    world.apply({ "routes/1": BAD });
    expect(world.table.notices().list.map(({ path }) => path)).toEqual([
      "plugins.ext-plugin-pre-req",
    ]);
    world.apply({ "routes/1": route("/a") });
    expect(world.table.notices()).toEqual({ total: 0, list: [] });
    world.apply({ "routes/1": route("/a", { plugins }) });
    world.apply({ "routes/1": undefined });
    expect(world.table.notices()).toEqual({ total: 0, list: [] });
  });

  it("has every reference that leads nowhere, until it leads somewhere", () => {
    const world = new World();
    const ids = { service_id: "s", upstream_id: 7, plugin_config_id: "p" };
    const service = { upstream_id: "gone" };
    world.apply({ "routes/1": { uri: "/a", ...ids }, "services/t": service }, "base");
    expect(world.table.notices().list.map(({ key, path, effect }) => [key, path, effect])).toEqual([
      ["/apisix/routes/1", "service_id", "refused"],
      ["/apisix/routes/1", "plugin_config_id", "refused"],
      ["/apisix/routes/1", "upstream_id", "refused"],
      ["/apisix/services/t", "upstream_id", "refused"],
    ]);
    world.apply({
      "services/s": {},
      "upstreams/7": { nodes: {} },
      "plugin_configs/p": { plugins: {} },
    });
    expect(world.table.notices().list.map(({ key }) => key)).toEqual(["/apisix/services/t"]);
    world.apply({ "upstreams/7": undefined, "services/t": undefined });
    expect(world.table.notices().list.map(({ path }) => path)).toEqual(["upstream_id"]);
  });
});

it("a plugin that several global rules have is told at each of them", () => {
  const world = new World();
  const rule = (id: string, ...names: string[]) => ({
    id,
    plugins: Object.fromEntries(names.map((name) => [name, {}])),
  });
  const rules = {
    "global_rules/2": rule("2", "cors"),
    "global_rules/1": rule("1", "cors", "gzip"),
  };
  world.apply(rules, "base");
  const conflicts = () =>
    world.table
      .notices()
      .list.filter(({ reason }) => reason.includes("none of them runs"))
      .map(({ key, path, reason }) => [key, path, reason]);
  expect(conflicts()).toEqual([
    ["/apisix/global_rules/1", "plugins.cors", expect.stringContaining("/apisix/global_rules/2")],
    ["/apisix/global_rules/2", "plugins.cors", expect.stringContaining("/apisix/global_rules/1")],
  ]);
  world.apply({ "global_rules/2": undefined });
  expect(conflicts()).toEqual([]);
});

it("of very many notices the first are listed, and all are counted", () => {
  const world = new World();
  const keys = Array.from({ length: 3000 }, (_, i) => `routes/${(i * 7919) % 3000}`);
  const plugins = { "ext-plugin-pre-req": {}, "ext-plugin-post-req": {} };
  world.apply(Object.fromEntries(keys.map((key) => [key, route("/a", { plugins })])), "base");
  world.apply({ "routes/5": route("/a", { plugins, service_id: "gone" }) });
  const { list } = world.table.notices();
  expect(list).toHaveLength(6001);
  expect(world.table.notices(9)).toEqual({ total: 6001, list: list.slice(0, 9) });
});

it("the cost of a change follows the change: one key among 50,000 is not felt", () => {
  const world = new World();
  const keys = Array.from({ length: 50_000 }, (_, i) => `routes/${i}`);
  world.apply(Object.fromEntries(keys.map((key) => [key, route("/a")])), "base");
  const other = world.table.get("routes/7");
  expect(world.apply({ "routes/9": route("/b") })).toEqual(["routes/9"]);
  expect(world.table.get("routes/7")).toBe(other);
  expect(world.table.size).toBe(50_000);
});

it("after any changes the table is what a model of last valid values is", () => {
  const random = seededRandom(runSeed());
  const world = new World();
  const model = new Map<string, string>();
  const rejected = new Set<string>();
  const keys = Array.from({ length: 12 }, (_, i) => `routes/${i}`);
  for (let step = 0; step < 2000; step++) {
    const cause = random.pick(["watch", "watch", "watch", "resync", "base"] as const);
    const writes = new Map<string, unknown>();
    for (const key of keys) {
      if (random.chance(0.8)) continue;
      const puts = [BAD, "not json", route(`/${step}`), route(`/${step}`)];
      // A base has no deletions: what it lacks is gone.
      writes.set(key, random.pick(cause === "base" ? puts : [...puts, undefined]));
    }
    const before = new Map(model);
    for (const key of keys) {
      const value = writes.get(key);
      const gone = cause === "base" ? !writes.has(key) : writes.has(key) && value === undefined;
      const isGood = typeof value === "object" && value !== BAD;
      if (gone) model.delete(key);
      else if (isGood) model.set(key, `/${step}`);
      if (gone || isGood) rejected.delete(key);
      else if (writes.has(key)) rejected.add(`${key}`);
    }
    const changed = world.apply(Object.fromEntries(writes), cause);
    const about = `seed ${random.seed}, step ${step}`;
    expect(world.uris(), about).toEqual(Object.fromEntries(model));
    expect(changed, about).toEqual(keys.filter((key) => before.get(key) !== model.get(key)).sort());
    const told = world.table.rejections().map(({ key }) => key.slice("/apisix/".length));
    expect(new Set(told), about).toEqual(rejected);
  }
});
