import { describe, expect, it } from "vitest";
import { buildRouteIndex } from "../../../shared/routing/build-index.ts";
import type { Facts } from "../../../shared/routing/facts.ts";
import { openRouteIndex } from "../../../shared/routing/open-index.ts";
import type { IndexedRoute } from "../../../shared/routing/route-index.ts";
import { SnapshotError } from "../../../shared/snapshot/errors.ts";
import { ROUTER_NAMES, type RouterName } from "../../../shared/snapshot/format.ts";
import { seededRandom } from "../../support/random.ts";

const route = (id: string, uri: string, more: Partial<IndexedRoute> = {}): IndexedRoute => ({
  id,
  uris: [uri],
  hosts: [],
  methods: [],
  priority: 0,
  ...more,
});

const facts = (uri: string, more: Partial<Facts> = {}): Facts => ({
  method: "GET",
  uri,
  host: "a.com",
  hostHeader: "a.com",
  remoteAddr: "203.0.113.1",
  ...more,
});

const open = (router: RouterName, routes: readonly IndexedRoute[]) =>
  openRouteIndex(buildRouteIndex(router, routes), "chunks/test");

describe.each(ROUTER_NAMES)("%s", (router) => {
  it("an index without routes matches nothing", () => {
    const index = open(router, []);
    expect(index.router).toBe(router);
    expect(index.routes).toBe(0);
    expect(index.match(facts("/"))).toBeUndefined();
    expect(index.match(facts(""))).toBeUndefined();
  });

  it("the same routes in any order give the same bytes", () => {
    const routes = Array.from({ length: 300 }, (_, i) =>
      route(`r${i}`, `/p${i % 40}/${i % 3 ? "*" : ""}`, {
        hosts: i % 4 ? [`h${i % 7}.com`, `*.h${i % 5}.com`] : [],
        priority: i % 3,
      }),
    );
    const random = seededRandom(7);
    const shuffled = [...routes].sort(() => random.next() - 0.5);
    expect(shuffled).not.toEqual(routes);
    expect(buildRouteIndex(router, shuffled)).toEqual(buildRouteIndex(router, routes));
  });

  it("every one of many routes is found", () => {
    const routes = Array.from({ length: 5_000 }, (_, i) =>
      route(`r${i}`, i % 2 ? `/t${i}/*` : `/t${i}`, { hosts: i % 3 ? [] : [`h${i}.com`] }),
    );
    const index = open(router, routes);
    expect(index.routes).toBe(5_000);
    for (const { id, uris, hosts } of routes) {
      const uri = (uris[0] as string).replace("*", "deep/er");
      const host = hosts[0] ?? "a.com";
      expect(index.match(facts(uri, { host, hostHeader: host }))?.routeId).toBe(id);
    }
    expect(index.match(facts("/t1"))).toBeUndefined();
    expect(index.match(facts("/t5000"))).toBeUndefined();
  });

  it("is read from the middle of a larger buffer", () => {
    const bytes = buildRouteIndex(router, [route("1", "/a/*")]);
    const larger = new Uint8Array(bytes.length + 7).fill(0xff);
    larger.set(bytes, 3);
    const index = openRouteIndex(larger.subarray(3, 3 + bytes.length), "chunks/test");
    expect(index.match(facts("/a/b"))?.params).toEqual({ ":ext": "b" });
  });

  it("paths are compared as bytes: no stray byte is a character of a route", () => {
    const index = open(router, [route("1", "/é/*"), route("2", "/ÿ"), route("3", "/\udcff/*")]);
    expect(index.match(facts("/é/🚪"))?.params).toEqual({ ":ext": "🚪" });
    expect(index.match(facts("/é/\udcff"))?.params).toEqual({ ":ext": "\udcff" });
    expect(index.match(facts("/ÿ"))?.routeId).toBe("2");
    expect(index.match(facts("/\udcff"))).toBeUndefined();
    expect(index.match(facts("/\udcff/x"))).toBeUndefined();
    expect(index.match(facts("/\udcc3\udca9/x"))?.routeId).toBe("1");
  });

  it("a route whose methods are all unknown does not take every method", () => {
    const index = open(router, [route("1", "/a", { methods: ["BREW"] })]);
    expect(index.match(facts("/a"))).toBeUndefined();
    expect(index.match(facts("/a", { method: "BREW" }))).toBeUndefined();
  });

  it("a parameter may be called __proto__", () => {
    const match = open(router, [route("1", "/a/*__proto__")]).match(facts("/a/x"));
    expect(Object.entries(match?.params ?? {})).toEqual([["__proto__", "x"]]);
  });

  it("a longer request after a short one, and a short one after a long one, are both matched", () => {
    const index = open(router, [route("1", "/a*"), route("2", "/b")]);
    const long = `/a${"x".repeat(10_000)}`;
    for (const uri of ["/b", long, "/b", "/a", `${long}y`]) {
      expect(index.match(facts(uri))?.routeId).toBe(uri === "/b" ? "2" : "1");
    }
  });
});

it("an index larger than a chunk is refused when it is built, and says how large it is", () => {
  const filler = "x".repeat(4_000);
  const routes = Array.from({ length: 400 }, (_, i) =>
    route(`r${i}`, "/", { uris: Array.from({ length: 50 }, (_, j) => `/${i}/${j}/${filler}`) }),
  );
  expect(() => buildRouteIndex("radixtree_uri", routes)).toThrow(/400 routes takes \d+ bytes/);
});

describe("bytes that are no index", () => {
  const good = () =>
    buildRouteIndex("radixtree_host_uri", [route("1", "/a/*", { hosts: ["*.com"] })]);
  const opened = (bytes: Uint8Array) => () => openRouteIndex(bytes, "chunks/bad");
  const withU32 = (at: number, value: number) => {
    const bytes = good();
    new DataView(bytes.buffer).setUint32(at, value, true);
    return bytes;
  };

  it.each([
    ["nothing", new Uint8Array(0)],
    ["half a header", good().subarray(0, 20)],
    ["a byte too few", good().subarray(0, -1)],
    ["a byte too many", Uint8Array.from([...good(), 0])],
    ["another beginning", withU32(0, 0x31424753)],
    ["more routes than fit", withU32(16, 0xffffffff)],
    ["more slots than fit", withU32(32, 0x80000000)],
  ])("%s is corrupt", (_, bytes) => {
    expect(opened(bytes)).toThrow(
      expect.objectContaining({ fault: "corrupt", object: "chunks/bad" }),
    );
  });

  it("a number of slots that is no power of two, or leaves none empty, is corrupt", () => {
    // An index without routes has two empty slots, of eight bytes each.
    const empty = buildRouteIndex("radixtree_uri", []);
    for (const slots of [0, 3]) {
      const bytes = new Uint8Array(empty.length - 16 + slots * 8);
      bytes.set(empty.subarray(0, 40));
      new DataView(bytes.buffer).setUint32(32, slots, true);
      expect(opened(bytes), `${slots} slots`).toThrow(SnapshotError);
    }
  });

  it("an unknown router is unsupported", () => {
    const fault = expect.objectContaining({ fault: "unsupported" });
    expect(opened(withU32(4, 9))).toThrow(fault);
  });
});
