import { describe, expect, it } from "vitest";
import type { CompiledSnapshot } from "../../../exporter/compile/compiled-snapshot.ts";
import { Compiler } from "../../../exporter/compile/compiler.ts";
import { readResources } from "../../../exporter/compile/memory.ts";
import { openRouteIndex } from "../../../shared/routing/open-index.ts";
import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import { type ChunkRef, chunkName } from "../../../shared/snapshot/format.ts";
import { node, type Puts, ResourceWorld, routeTo } from "../../support/resource-world.ts";

const NONE: ReadonlySet<string> = new Set();

/** A world, its compiler, and a store of chunks that holds what every compile gave out. */
class CompiledWorld extends ResourceWorld {
  readonly compiler = new Compiler("radixtree_host_uri");
  readonly chunks = new Map<string, Uint8Array>();

  async compile(puts: Puts): Promise<CompiledSnapshot> {
    const known = new Set(this.chunks.keys());
    const snapshot = await this.compiler.compile(this.table, this.put(puts), known);
    for (const [sha256, bytes] of snapshot.fresh) this.chunks.set(sha256, bytes);
    return snapshot;
  }

  readonly read = async ({ sha256 }: ChunkRef) => this.chunks.get(sha256) as Uint8Array;

  match({ content }: CompiledSnapshot, uri: string, host = "a.com") {
    const ref = content.index[0] as ChunkRef;
    const index = openRouteIndex(this.chunks.get(ref.sha256) as Uint8Array, chunkName(ref));
    return index.match({ method: "GET", uri, host, hostHeader: host, remoteAddr: "" })?.routeId;
  }
}

const manyRoutes = (count: number): Record<string, unknown> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`routes/${i}`, routeTo(`/route-number-${i}/*`)]),
  );

describe("what a compile gives", () => {
  it("every chunk that the content names is given out under its digest and length", async () => {
    const world = new CompiledWorld();
    const { content, fresh } = await world.compile(manyRoutes(600));
    const refs = [...content.index, ...content.bodies].filter((ref) => ref !== null);
    expect(new Set(refs.map(({ sha256 }) => sha256))).toEqual(new Set(fresh.keys()));
    for (const { sha256, length } of refs) {
      const bytes = fresh.get(sha256) as Uint8Array;
      expect(bytes.length).toBe(length);
      expect(await sha256Hex(bytes)).toBe(sha256);
    }
    expect(content.router).toBe("radixtree_host_uri");
    expect(content.counts).toEqual({ routes: 600 });
  });

  it("nothing at all is a snapshot too", async () => {
    const world = new CompiledWorld();
    const snapshot = await world.compile({});
    expect(snapshot.content.bodies).toEqual([null]);
    expect(snapshot.content.counts).toEqual({});
    expect(world.match(snapshot, "/")).toBeUndefined();
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
    expect(direct.content.bodies.length).toBeGreaterThan(1);
    expect(stepped.content).toEqual(direct.content);
    expect(stepped.digest).toBe(direct.digest);
  });

  it("that are compiled again give nothing fresh and the same digest", async () => {
    const world = new CompiledWorld();
    const first = await world.compile(manyRoutes(50));
    const again = await world.compile({});
    expect(again.digest).toBe(first.digest);
    expect(again.fresh.size).toBe(0);
  });

  it("are given out again where the store is not known to hold them", async () => {
    const world = new CompiledWorld();
    const first = await world.compile(manyRoutes(2_000));
    const lost = [...world.chunks.keys()].slice(0, 2);
    for (const sha256 of lost) world.chunks.delete(sha256);
    const again = await world.compile({});
    expect([...again.fresh.keys()].sort()).toEqual(lost.sort());
    expect(again.fresh.get(lost[0] as string)).toEqual(first.fresh.get(lost[0] as string));
  });

  it("keep their chunks over a restart that knows the number of partitions", async () => {
    const world = new CompiledWorld();
    const grown = await world.compile(manyRoutes(2_000));
    const changed = new Set([...world.table.all()].map(({ key }) => key));
    const restarted = new Compiler("radixtree_host_uri", grown.content.bodies.length);
    const again = await restarted.compile(world.table, changed, new Set(world.chunks.keys()));
    expect(again.digest).toBe(grown.digest);
    expect(again.fresh.size).toBe(0);
  });
});

describe("a change", () => {
  const rewritten = (a: CompiledSnapshot, b: CompiledSnapshot) =>
    b.content.bodies.filter((ref, i) => ref?.sha256 !== a.content.bodies[i]?.sha256).length;

  it("of one route rewrites one partition and the index", async () => {
    const world = new CompiledWorld();
    const before = await world.compile(manyRoutes(4_000));
    expect(before.content.bodies.length).toBeGreaterThan(4);
    const after = await world.compile({ "routes/7": routeTo("/another/*") });
    expect(rewritten(before, after)).toBe(1);
    expect(after.fresh.size).toBe(2);
    expect(world.match(after, "/another/x")).toBe("7");
    expect(world.match(after, "/route-number-7/x")).toBeUndefined();
  });

  it("of an upstream rewrites one partition and leaves the index", async () => {
    const world = new CompiledWorld();
    const before = await world.compile({ ...manyRoutes(4_000), "upstreams/u": node });
    const after = await world.compile({ "upstreams/u": { ...node, retries: 2 } });
    expect(rewritten(before, after)).toBe(1);
    expect(after.fresh.size).toBe(1);
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

  it("is not lost when the compile that was told of it fails", async () => {
    const world = new CompiledWorld();
    await world.compile({ "routes/1": routeTo("/one") });
    const filler = "x".repeat(4_000);
    const uris = Array.from({ length: 17_000 }, (_, i) => `/${i}/${filler}`);
    const tooMuch = { "routes/2": routeTo("/two"), "routes/big": { uris, upstream: node } };
    await expect(world.compile(tooMuch)).rejects.toThrow(/takes \d+ bytes, a chunk/);
    const after = await world.compile({ "routes/big": undefined });
    expect(world.match(after, "/two")).toBe("2");
    expect((await readResources(after.content, world.read)).has("routes/2")).toBe(true);
  });
});
