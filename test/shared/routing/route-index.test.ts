import { describe, expect, it } from "vitest";
import type { Facts } from "../../../shared/routing/facts.ts";
import type { IndexedRoute } from "../../../shared/routing/route-entry.ts";
import { RouteIndex } from "../../../shared/routing/route-index.ts";
import { RoutePage } from "../../../shared/routing/route-page.ts";
import { BranchChunk } from "../../../shared/snapshot/branch-chunk.ts";
import { SnapshotError } from "../../../shared/snapshot/errors.ts";
import { ROUTER_NAMES } from "../../../shared/snapshot/format.ts";
import { ChunkNeeded } from "../../../shared/snapshot/held-chunks.ts";
import { madeChunks } from "../../../shared/snapshot/made-chunks.ts";
import { openChunk } from "../../../shared/snapshot/open-chunk.ts";
import { seededRandom } from "../../support/random.ts";
import { type BuiltIndex, buildIndex } from "../../support/route-indexes.ts";

const route = (id: string, uri: string, more: Partial<IndexedRoute> = {}): IndexedRoute => ({
  id,
  uris: [uri],
  hosts: [],
  methods: [],
  priority: 0,
  remoteAddrs: [],
  ...more,
});

const facts = (uri: string, more: Partial<Facts> = {}): Facts => ({
  method: "GET",
  uri,
  host: "a.com",
  hostHeader: "a.com",
  remoteAddr: "203.0.113.1",
  variables: { get: () => undefined },
  ...more,
});

const bytesOf = ({ chunks }: BuiltIndex) =>
  Object.fromEntries([...chunks].map(([sha256, bytes]) => [sha256, bytes()]));

/** Small enough that a dozen routes need several pages, and those two levels of branches. */
const SMALL = 100;

describe.each(ROUTER_NAMES)("%s", (router) => {
  it("an index without routes matches nothing, and has no chunks", async () => {
    const { index, root, chunks } = await buildIndex(router, []);
    expect(root).toBeNull();
    expect(chunks.size).toBe(0);
    expect(index.match(facts("/"))).toBeUndefined();
    expect(index.match(facts(""))).toBeUndefined();
  });

  it("the same routes in any order give the same bytes", async () => {
    const routes = Array.from({ length: 300 }, (_, i) =>
      route(`r${i}`, `/p${i % 40}/${i % 3 ? "*" : ""}`, {
        hosts: i % 4 ? [`h${i % 7}.com`, `*.h${i % 5}.com`] : [],
        priority: i % 3,
      }),
    );
    const random = seededRandom(7);
    const shuffled = [...routes].sort(() => random.next() - 0.5);
    expect(shuffled).not.toEqual(routes);
    const built = await buildIndex(router, routes, SMALL, 4);
    expect(built.chunks.size).toBeGreaterThan(40);
    expect(bytesOf(await buildIndex(router, shuffled, SMALL, 4))).toEqual(bytesOf(built));
  });

  it.each([undefined, 400])("every one of many routes is found, in pages of %s", async (limit) => {
    const routes = Array.from({ length: 5_000 }, (_, i) =>
      route(`r${i}`, i % 2 ? `/t${i}/*` : `/t${i}`, { hosts: i % 3 ? [] : [`h${i}.com`] }),
    );
    const { index } = await buildIndex(router, routes, limit);
    for (const { id, uris, hosts } of routes) {
      const uri = (uris[0] as string).replace("*", "deep/er");
      const host = hosts[0] ?? "a.com";
      expect(index.match(facts(uri, { host, hostHeader: host }))?.routeId).toBe(id);
    }
    expect(index.match(facts("/t1"))).toBeUndefined();
    expect(index.match(facts("/t5000"))).toBeUndefined();
  });

  it("a small table is one chunk", async () => {
    const routes = Array.from({ length: 300 }, (_, i) => route(`r${i}`, `/path/${i}/*`));
    const { root, chunks } = await buildIndex(router, routes);
    expect(root?.isBranch).toBe(false);
    expect(chunks.size).toBe(1);
  });

  it("paths are compared as bytes: no stray byte is a character of a route", async () => {
    const routes = [route("1", "/é/*"), route("2", "/ÿ"), route("3", "/\udcff/*")];
    const { index } = await buildIndex(router, routes);
    expect(index.match(facts("/é/🚪"))?.params).toEqual({ ":ext": "🚪" });
    expect(index.match(facts("/é/\udcff"))?.params).toEqual({ ":ext": "\udcff" });
    expect(index.match(facts("/ÿ"))?.routeId).toBe("2");
    expect(index.match(facts("/\udcff"))).toBeUndefined();
    expect(index.match(facts("/\udcff/x"))).toBeUndefined();
    expect(index.match(facts("/\udcc3\udca9/x"))?.routeId).toBe("1");
  });

  it("a route whose methods are all unknown does not take every method", async () => {
    const { index } = await buildIndex(router, [route("1", "/a", { methods: ["BREW"] })]);
    expect(index.match(facts("/a"))).toBeUndefined();
    expect(index.match(facts("/a", { method: "BREW" }))).toBeUndefined();
  });

  it("every one of many routes with one path is found, in a page that needs long offsets", async () => {
    const routes = Array.from({ length: 6_000 }, (_, i) =>
      route(`r${i}`, "/a", { vars: [["arg_n", "==", `${i}`]], hosts: i % 2 ? ["a.com"] : ["*"] }),
    );
    const { index, chunks } = await buildIndex(router, routes);
    expect(Math.max(...[...chunks.values()].map((bytes) => bytes().length))).toBeGreaterThan(
      2 ** 17,
    );
    for (const n of [0, 1, 2_999, 5_998, 5_999]) {
      const variables = { get: () => `${n}` };
      expect(index.match(facts("/a", { variables }))?.routeId).toBe(`r${n}`);
    }
    expect(index.match(facts("/a", { variables: { get: () => "6000" } }))).toBeUndefined();
  });

  it("hosts are compared as text, with the port where the pattern has one", async () => {
    const routes = [
      route("1", "/a", { hosts: ["bücher.example"] }),
      route("2", "/a", { hosts: ["*.é.example"] }),
      route("3", "/b", { hosts: ["*.a.com", "a.com"] }),
    ];
    const { index } = await buildIndex(router, routes);
    const at = (host: string, uri = "/a") => index.match(facts(uri, { host, hostHeader: host }));
    expect(at("bücher.example")?.routeId).toBe("1");
    expect(at("b\xc3\xbccher.example")).toBeUndefined();
    expect(at("x.é.example")?.routeId).toBe("2");
    expect(at("x.é.example")?.host).toBe("*.é.example");
    expect(at("é.example")).toBeUndefined();
    expect(at("a.com", "/b")?.host).toBe("a.com");
    expect(at("b.a.com", "/b")?.host).toBe("*.a.com");
    expect(at("ba.com", "/b")).toBeUndefined();
  });

  it("a parameter may be called __proto__", async () => {
    const { index } = await buildIndex(router, [route("1", "/a/*__proto__")]);
    const match = index.match(facts("/a/x"));
    expect(Object.entries(match?.params ?? {})).toEqual([["__proto__", "x"]]);
  });

  it("a longer request after a short one, and a short one after a long one, are both matched", async () => {
    const { index } = await buildIndex(router, [route("1", "/a*"), route("2", "/b")]);
    const long = `/a${"x".repeat(10_000)}`;
    for (const uri of ["/b", long, "/b", "/a", `${long}y`]) {
      expect(index.match(facts(uri))?.routeId).toBe(uri === "/b" ? "2" : "1");
    }
  });
});

describe("conditions and patterns", () => {
  const asked = async (vars: readonly unknown[]) => {
    const routes = [route("1", "/a/:id/b", { vars }), route("2", "/*")];
    const { index } = await buildIndex("radixtree_uri_with_parameter", routes);
    const names: string[] = [];
    const get = (name: string) => void names.push(name);
    expect(index.match(facts("/a/x/c", { variables: { get } }))?.routeId).toBe("2");
    return names;
  };

  it("what may fail is tried before the pattern, as APISIX does", async () => {
    expect(await asked([["post_arg_x", "==", "1"]])).toEqual(["post_arg_x"]);
    expect(await asked([["arg_x", "~~", "1"]])).toEqual(["arg_x"]);
  });

  it("what cannot is tried only where the pattern holds", async () => {
    expect(await asked([["arg_x", "==", "1"]])).toEqual([]);
  });
});

/** Routes that lie before others and whose prefixes are the beginnings of those. */
const nested = (): IndexedRoute[] => [
  route("any", "/*"),
  route("deep", "/a/*"),
  route("deeper", "/a/b/c/*"),
  route("all hosts", "/*", { hosts: ["*"] }),
  route("suffix", "/a/*", { hosts: ["*.com"] }),
  ...Array.from({ length: 40 }, (_, i) => route(`x${i}`, `/a/b/c/d${i}/e`)),
  ...Array.from({ length: 40 }, (_, i) => route(`h${i}`, `/p${i}`, { hosts: [`h${i}.a.com`] })),
];

describe("what lies in another page than the request's own", () => {
  it("is found by the branches above, the longest first", async () => {
    const { index, chunks } = await buildIndex("radixtree_host_uri", nested(), SMALL, 3);
    expect(chunks.size).toBeGreaterThan(30);
    const found = (uri: string, host: string) => index.match(facts(uri, { host }))?.routeId;
    expect(found("/a/b/c/d39/e", "_")).toBe("all hosts");
    expect(found("/p39", "h39.a.com")).toBe("h39");
    expect(found("/a/b", "h39.a.com")).toBe("suffix");
    expect(found("/p39", "h38.a.com")).toBe("all hosts");
    const bare = nested().filter(({ id }) => id !== "all hosts");
    const { index: rest } = await buildIndex("radixtree_host_uri", bare, SMALL, 3);
    const left = (uri: string, host: string) => rest.match(facts(uri, { host }))?.routeId;
    expect(left("/a/b/c/d39/e", "_")).toBe("x39");
    expect(left("/a/b/c/d39/z", "_")).toBe("deeper");
    expect(left("/a/b/zzz", "_")).toBe("deep");
    expect(left("/zzz", "_")).toBe("any");
    expect(left("/zzz", "h39.a.com")).toBe("any");
  });

  it("is found by hosts that lie among the paths of any host", async () => {
    const routes = [
      route("all hosts", "/*", { hosts: ["*"] }),
      ...Array.from({ length: 40 }, (_, i) => route(`x${i}`, `/x${i}`)),
    ];
    const { index } = await buildIndex("radixtree_host_uri", routes, SMALL, 3);
    expect(index.match(facts("/x7", { host: "_" }))?.routeId).toBe("all hosts");
  });

  it("is asked for by a match, a chunk at a time, and nothing else is", async () => {
    const { root, chunks } = await buildIndex("radixtree_host_uri", nested(), SMALL, 3);
    const all = madeChunks(chunks);
    const read = new Set<string>();
    const held = (ref: { readonly sha256: string; readonly length: number }) =>
      read.has(ref.sha256) ? all.held(ref) : undefined;
    const index = new RouteIndex("radixtree_host_uri", root, { held });
    for (;;) {
      try {
        expect(index.match(facts("/p39", { host: "h39.a.com" }))?.routeId).toBe("h39");
        break;
      } catch (error) {
        if (!(error instanceof ChunkNeeded)) throw error;
        expect(read).not.toContain(error.ref.sha256);
        read.add(error.ref.sha256);
      }
    }
    expect(read.size).toBeLessThan(8);
    expect([...index.missing()].length).toBeGreaterThan(0);
    for (const ref of index.missing()) read.add(ref.sha256);
  });

  it("is read ahead, branches first, until nothing is missing", async () => {
    const { root, chunks } = await buildIndex("radixtree_uri", nested(), SMALL, 3);
    const all = madeChunks(chunks);
    const read = new Set<string>();
    const index = new RouteIndex("radixtree_uri", root, {
      held: (ref) => (read.has(ref.sha256) ? all.held(ref) : undefined),
    });
    for (let rounds = 0; read.size < chunks.size && rounds < 9; rounds++) {
      for (const ref of [...index.missing()]) read.add(ref.sha256);
    }
    expect(read).toEqual(new Set(chunks.keys()));
    expect([...index.missing()]).toEqual([]);
  });
});

describe("a chunk that its keeper gives up", () => {
  it("is asked for again by the request that came before", async () => {
    const { root, chunks } = await buildIndex("radixtree_uri", nested(), SMALL, 3);
    let kept = madeChunks(chunks);
    const index = new RouteIndex("radixtree_uri", root, { held: (ref) => kept.held(ref) });
    const request = facts("/a/b/c/d7/e");
    for (let i = 0; i < 4; i++) expect(index.match(request)?.routeId).toBe("x7");
    const given: { chunk: unknown }[] = [];
    const seen = kept;
    for (const sha256 of chunks.keys()) {
      given.push(seen.held({ sha256, length: 0 }) as { chunk: unknown });
    }
    for (const held of given) held.chunk = undefined;
    kept = { held: () => undefined };
    expect(() => index.match(request)).toThrow(ChunkNeeded);
    kept = madeChunks(chunks);
    expect(index.match(request)?.routeId).toBe("x7");
  });
});

describe("bytes that are no page", () => {
  const good = async () => {
    const routes = [route("1", "/a/*", { hosts: ["*.com"] }), route("2", "/b")];
    const [bytes] = [...(await buildIndex("radixtree_host_uri", routes)).chunks.values()];
    return (bytes as () => Uint8Array)();
  };
  const corrupt = expect.objectContaining({ fault: "corrupt", object: "chunks/bad" });

  it("are corrupt when they are opened", async () => {
    const bytes = await good();
    for (const bad of [new Uint8Array(0), bytes.subarray(0, 20), new Uint8Array(99)]) {
      expect(() => openChunk(bad, "chunks/bad")).toThrow(corrupt);
    }
  });

  it("of an unknown router are unsupported", async () => {
    const bytes = await good();
    bytes[4] = 9;
    const unsupported = expect.objectContaining({ fault: "unsupported" });
    expect(() => new RoutePage(bytes, "chunks/bad")).toThrow(unsupported);
  });

  it("of another router, or of bodies, are corrupt where a match comes to them", async () => {
    const { root, chunks } = await buildIndex("radixtree_uri", [route("1", "/a")]);
    const index = new RouteIndex("radixtree_host_uri", root, madeChunks(chunks));
    const found = /a page of radixtree_uri, in an index of radix/;
    expect(() => index.match(facts("/a"))).toThrow(found);
  });

  it("of a branch that is cut short are corrupt", async () => {
    const { root, chunks } = await buildIndex("radixtree_uri", nested(), SMALL, 99);
    const bytes = (chunks.get(root?.sha256 as string) as () => Uint8Array)();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => {
        const branch = new BranchChunk(bytes.slice(0, length), "chunks/bad");
        for (let child = 0; child < branch.count; child++) {
          for (let i = 0; i < branch.ancestorCount(child); i++) branch.ancestor(child, i);
        }
      }, `${length} bytes`).toThrow(SnapshotError);
    }
  });
});
