import { describe, expect, it } from "vitest";
import type { CompiledSnapshot } from "../../../exporter/compile/compiled-snapshot.ts";
import { Compiler } from "../../../exporter/compile/compiler.ts";
import { RouteIndex } from "../../../shared/routing/route-index.ts";
import { contentDigest } from "../../../shared/snapshot/codec.ts";
import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import type { ChunkRef, TreeRef } from "../../../shared/snapshot/format.ts";
import { madeChunks } from "../../../shared/snapshot/made-chunks.ts";
import { chunksOf, leavesOf } from "../../../shared/snapshot/read-tree.ts";
import { readResources } from "../../support/read-resources.ts";
import { node, type Puts, ResourceWorld, routeTo } from "../../support/resource-world.ts";

const NONE: ReadonlySet<string> = new Set();

/** A world, its compiler, and a store of chunks that holds what every compile gave out. */
class CompiledWorld extends ResourceWorld {
  readonly compiler = new Compiler("radixtree_host_uri");
  readonly chunks = new Map<string, Uint8Array>();

  /** As the publisher does it: what is known is one set, what is live since is confirmed. */
  async compile(puts: Puts, known: ReadonlySet<string> = NONE): Promise<CompiledSnapshot> {
    const snapshot = await this.compiler.compile(this.table, this.put(puts), known);
    for (const [sha256, bytes] of snapshot.fresh) this.chunks.set(sha256, await bytes());
    snapshot.confirm();
    return snapshot;
  }

  readonly read = async ({ sha256 }: ChunkRef) => this.chunks.get(sha256) as Uint8Array;

  match({ content }: CompiledSnapshot, uri: string, host = "a.com") {
    const bytes = new Map([...this.chunks].map(([sha256, held]) => [sha256, () => held]));
    const index = new RouteIndex(content.router, content.index, madeChunks(bytes));
    const facts = { method: "GET", uri, host, hostHeader: host, remoteAddr: "" };
    return index.match({ ...facts, variables: { get: () => undefined } })?.routeId;
  }

  async refs({ content }: CompiledSnapshot): Promise<TreeRef[]> {
    return collected(chunksOf(content, this.read));
  }

  /** Those of the bodies that are no branches. */
  async bodies({ content }: CompiledSnapshot): Promise<TreeRef[]> {
    return collected(leavesOf(content.bodies, this.read));
  }
}

async function collected<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of from) all.push(value);
  return all;
}

const manyRoutes = (count: number): Record<string, unknown> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`routes/${i}`, routeTo(`/route-number-${i}/*`)]),
  );

describe("what a compile gives", () => {
  it("every chunk that the content names is given out under its digest and length", async () => {
    const world = new CompiledWorld();
    const snapshot = await world.compile(manyRoutes(600));
    const { content, fresh } = snapshot;
    const refs = await world.refs(snapshot);
    expect(refs.length).toBeGreaterThan(4);
    expect(new Set(refs.map(({ sha256 }) => sha256))).toEqual(new Set(fresh.keys()));
    for (const { sha256, length } of refs) {
      const bytes = (await fresh.get(sha256)?.()) as Uint8Array;
      expect(bytes.length).toBe(length);
      expect(await sha256Hex(bytes)).toBe(sha256);
    }
    expect(content.router).toBe("radixtree_host_uri");
    expect(content.counts).toEqual({ routes: 600 });
  });

  it.each(["radixtree_host_uri", "radixtree_uri", "radixtree_uri_with_parameter"] as const)(
    "the longest id, host and path fit in, and what is longer is rejected and keeps nothing back (%s)",
    async (router) => {
      const world = new ResourceWorld();
      const uri = (length: number) => `/${"\u{1f600}".repeat(length - 2)}*`;
      const long = (id: number, host: number, uris: number) => ({
        [`routes/${String(id).padStart(id, "0")}`]: {
          host: "h".repeat(host),
          uris: [uri(uris), uri(uris - 1)],
          upstream: node,
        },
      });
      const changed = world.put({
        ...manyRoutes(4_000),
        ...long(1024, 1024, 4096),
        ...long(1025, 8, 8),
        ...long(9, 1025, 8),
        ...long(8, 8, 4097),
      });
      const wanted = world.table.rejections().map((rejection) => rejection.wanted);
      expect(wanted).toEqual([
        "an id of at most 1024 printable ASCII characters",
        "at most 1024 characters",
        "at most 4096 characters",
      ]);
      const { content, fresh } = await new Compiler(router).compile(world.table, changed, NONE);
      for (const make of fresh.values()) await make();
      expect(content.counts).toEqual({ routes: 4_001 });
    },
  );

  it("nothing at all is a snapshot too", async () => {
    const world = new CompiledWorld();
    const snapshot = await world.compile({});
    expect(snapshot.content.bodies).toBeNull();
    expect(snapshot.content.index).toBeNull();
    expect(snapshot.content.counts).toEqual({});
    expect(world.match(snapshot, "/")).toBeUndefined();
  });

  it("how many resources have active checks is counted beside the content", async () => {
    const world = new CompiledWorld();
    const checks = { active: { healthy: {}, unhealthy: {} } };
    const none = await world.compile({ "routes/a": routeTo("/a"), "upstreams/u": node });
    expect(none.content).not.toHaveProperty("checked");
    const two = await world.compile({
      "upstreams/u": { ...node, checks },
      "routes/b": { uri: "/b", upstream: { ...node, checks } },
    });
    expect(two.content.checked).toBe(2);
    expect(await contentDigest({ ...two.content, checked: 9 })).toBe(two.digest);
    const one = await world.compile({ "routes/b": undefined });
    expect(one.content.checked).toBe(1);
    const gone = await world.compile({ "upstreams/u": node });
    expect(gone.content).not.toHaveProperty("checked");
  });

  it("all resources come back from the bodies, those that are not served yet too", async () => {
    const world = new CompiledWorld();
    const { content } = await world.compile({
      ...manyRoutes(300),
      "services/s": { hosts: ["a.com"], upstream: node },
      "upstreams/u": node,
      "consumers/jack": { username: "jack" },
      "consumers/jack/credentials/c1": { plugins: { "key-auth": { key: "k" } } },
      "secrets/vault/1": { uri: "http://127.0.0.1:8200", prefix: "kv/apisix", token: "t" },
      "protos/1": { content: 'syntax = "proto3";' },
    });
    const resources = await readResources(content, world.read);
    const expected = new Map([...world.table.all()].map((resource) => [resource.key, resource]));
    expect(expected.size).toBe(306);
    expect(resources).toEqual(expected);
  });
});

describe("equal resources", () => {
  it("give equal bytes, in whatever order they came and though a part was compiled before", async () => {
    const one = new CompiledWorld();
    const other = new CompiledWorld();
    const puts = { ...manyRoutes(1_500), "upstreams/u": node, "services/s": { hosts: ["a.com"] } };
    const changed = one.put(puts);
    const direct = await one.compiler.compile(one.table, changed, NONE);
    const keys = new Set<string>();
    // The same revisions, but the last keys compiled first.
    const entries = [...one.table.all()].reverse();
    for (const { key, modRevision, value } of entries) {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      const put = { key: `/apisix/${key}`, value: bytes, modRevision };
      const change = { clusterId: "1", revision: 9, puts: [put], deletes: [] };
      for (const seen of other.table.apply({ cause: "watch", ...change })) keys.add(seen);
      if (keys.size === 200) await other.compiler.compile(other.table, keys, NONE);
    }
    const stepped = await other.compiler.compile(other.table, keys, NONE);
    expect(direct.content.bodies?.isBranch).toBe(true);
    expect(stepped.content).toEqual(direct.content);
    expect(stepped.digest).toBe(direct.digest);
  });

  it("give equal bytes where they are read in parts, with a pause between two", async () => {
    const world = new CompiledWorld();
    const changed = world.put({ ...manyRoutes(1_500), "services/s": { hosts: ["a.com"] } });
    const atOnce = await world.compiler.compile(world.table, changed, NONE);
    const happened: string[] = [];
    const pauses = { changesAtOnce: 400, pause: async () => void happened.push("pause") };
    const inParts = await new Compiler("radixtree_host_uri", { pauses }).compile(
      world.table,
      changed,
      NONE,
      () => happened.push("read"),
    );
    expect(inParts.digest).toBe(atOnce.digest);
    expect(happened).toEqual([...Array.from({ length: 6 }, () => "pause"), "read"]);
  });

  it("that are compiled again give nothing fresh and the same digest", async () => {
    const world = new CompiledWorld();
    const first = await world.compile(manyRoutes(50));
    const again = await world.compile({});
    expect(again.digest).toBe(first.digest);
    expect(again.fresh.size).toBe(0);
  });

  it("are given out again until they are confirmed", async () => {
    const world = new CompiledWorld();
    const changed = world.put(manyRoutes(2_000));
    const first = await world.compiler.compile(world.table, changed, NONE);
    const again = await world.compiler.compile(world.table, NONE, NONE);
    expect([...again.fresh.keys()]).toEqual([...first.fresh.keys()]);
    again.confirm();
    expect((await world.compiler.compile(world.table, NONE, NONE)).fresh.size).toBe(0);
  });

  it("are given out again where the store turns out not to hold them", async () => {
    const world = new CompiledWorld();
    const first = await world.compile(manyRoutes(2_000));
    const lost = (await world.bodies(first)).slice(0, 2).map(({ sha256 }) => sha256);
    const found = new Set([...world.chunks.keys()].filter((sha256) => !lost.includes(sha256)));
    const again = await world.compile({}, found);
    expect([...again.fresh.keys()].sort()).toEqual(lost.sort());
    expect(again.digest).toBe(first.digest);
  });

  it("keep their chunks over a restart", async () => {
    const world = new CompiledWorld();
    const grown = await world.compile(manyRoutes(2_000));
    const changed = new Set([...world.table.all()].map(({ key }) => key));
    const restarted = new Compiler("radixtree_host_uri");
    const again = await restarted.compile(world.table, changed, new Set(world.chunks.keys()));
    expect(again.digest).toBe(grown.digest);
    expect(again.fresh.size).toBe(0);
  });
});

describe("a change", () => {
  it("of one route rewrites its page, its body and the branches above them", async () => {
    const world = new CompiledWorld();
    const before = await world.compile(manyRoutes(4_000));
    expect((await world.bodies(before)).length).toBeGreaterThan(4);
    const after = await world.compile({ "routes/7": routeTo("/route-number-7/else/*") });
    expect(after.fresh.size).toBe(4);
    expect(world.match(after, "/route-number-7/else/x")).toBe("7");
    expect(world.match(after, "/route-number-7/x")).toBeUndefined();
  });

  it("of an upstream rewrites its body and the branch above it, and leaves the index", async () => {
    const world = new CompiledWorld();
    const before = await world.compile({ ...manyRoutes(4_000), "upstreams/u": node });
    const after = await world.compile({ "upstreams/u": { ...node, retries: 2 } });
    expect(after.fresh.size).toBe(2);
    expect(after.content.index).toEqual(before.content.index);
    expect(after.digest).not.toBe(before.digest);
  });

  it("of a service's hosts changes where its routes match", async () => {
    const world = new CompiledWorld();
    const before = await world.compile({
      "services/s": { hosts: ["one.com"], upstream: node },
      "routes/1": { uri: "/x", service_id: "s" },
    });
    expect(world.match(before, "/x", "one.com")).toBe("1");
    const after = await world.compile({ "services/s": { hosts: ["two.com"], upstream: node } });
    expect(world.match(after, "/x", "one.com")).toBeUndefined();
    expect(world.match(after, "/x", "two.com")).toBe("1");
  });

  it("that deletes a route takes it out of index, bodies and counts", async () => {
    const world = new CompiledWorld();
    await world.compile(manyRoutes(3));
    const after = await world.compile({ "routes/1": undefined });
    expect(world.match(after, "/route-number-1/x")).toBeUndefined();
    expect([...(await readResources(after.content, world.read)).keys()].sort()).toEqual([
      "routes/0",
      "routes/2",
    ]);
    expect(after.content.counts).toEqual({ routes: 2 });
  });
});
