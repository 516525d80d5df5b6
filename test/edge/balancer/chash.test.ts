import { describe, expect, it } from "vitest";
import { crc32 } from "../../../edge/balancer/crc32.ts";
import { buildRing, MAX_RING_WEIGHT, ringWeights } from "../../../edge/balancer/hash-ring.ts";
import { groupNodes } from "../../../edge/balancer/node-group.ts";
import { RingShelf } from "../../../edge/balancer/ring-shelf.ts";
import { BodyNeeded } from "../../../shared/expression/variables.ts";
import type { Upstream, UpstreamNode } from "../../../shared/resources/upstream.ts";
import { decodeUri } from "../../../shared/routing/uri-bytes.ts";
import { balancerOf, choice, having, upstreamOf } from "../../support/balancers.ts";
import { naiveOrder, naiveRing } from "../../support/naive-balancers.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const node = (host: string, port?: number, weight = 1): UpstreamNode => {
  return { host, port, weight, priority: 0 };
};
const LOCAL = [1980, 1981, 1982].map((port) => node("127.0.0.1", port));
const local = (fields: Partial<Upstream>) =>
  balancerOf([], { type: "chash", nodes: LOCAL, ...fields });
const portFor = (fields: Partial<Upstream>, values: Record<string, string | boolean>) =>
  choice(local(fields), having(values))?.port;

describe("the checksum", () => {
  it.each([
    ["", 0],
    ["123456789", 0xcbf43926],
    ["The quick brown fox jumps over the lazy dog", 0x414fa339],
  ])("of %j is zlib's", (text, checksum) => {
    expect(crc32(bytes(text))).toBe(checksum);
  });
});

describe("chash", () => {
  it.each([
    ["127.0.0.1", 1982],
    ["1", 1982],
    ["2", 1980],
    ["foo", 1981],
    ["bar", 1980],
    ["10.0.0.1", 1982],
    ["jack", 1981],
  ])("sends the key %j where APISIX sends it", (key, port) => {
    expect(portFor({ key: "arg_k" }, { arg_k: key })).toBe(port);
  });

  it("has the ring that APISIX has", () => {
    const [group = []] = groupNodes(upstreamOf([], { nodes: LOCAL }));
    const firstPoints = [0x373c92, 0x475ccd, 0x47d461, 0xa7f6b6];
    const addresses = LOCAL.map(({ host, port }) => ({ address: `${host}:${port}`, weight: 1 }));
    const points = naiveRing(addresses).slice(0, 5);
    expect(points.slice(0, 4).map(({ hash }) => hash)).toEqual(firstPoints);
    const ring = buildRing(group);
    const found = (hash: number) => group[ring.from(hash).next().value ?? -1]?.address;
    // A point has what lies above the one before it, and itself; past the last comes the first.
    for (const [i, { address, hash }] of points.entries()) {
      expect(found(hash)).toBe(address);
      if (i > 0) expect(found((points[i - 1]?.hash ?? 0) + 1)).toBe(address);
    }
    expect([found(0), found(0xffffffff)]).toEqual([points[0]?.address, points[0]?.address]);
    expect(ring.points).toBe(3 * 160);
  });

  it("tells IPv6 addresses by their whole text, and takes the scheme's port where there is none", () => {
    const nodes = [node("[::1]", 8080), node("[2001:db8::1]"), node("a.test")];
    for (const [scheme, port] of [
      ["http", 80],
      ["https", 443],
    ] as const) {
      const addresses = ["[::1]:8080", `[2001:db8::1]:${port}`, `a.test:${port}`];
      const ring = naiveRing(addresses.map((address) => ({ address, weight: 1 })));
      for (let i = 0; i < 50; i++) {
        const balancer = balancerOf([], { type: "chash", key: "arg_k", nodes, scheme });
        const [first] = naiveOrder(ring, `${i}`);
        const found = choice(balancer, having({ arg_k: `${i}` }));
        expect(`${found?.host}:${found?.port ?? port}`).toBe(first);
      }
    }
  });

  // "jack" goes to 1981, and the address that stands in to 1980.
  const ADDRESS = { remote_addr: "2" };
  const JACK = 1981;
  const STAND_IN = 1980;

  it.each<[string, Partial<Upstream>, Record<string, string | boolean>, number]>([
    ["a variable", { key: "uri" }, { uri: "jack" }, JACK],
    ["a variable that there is not", { key: "uri" }, {}, STAND_IN],
    ["an empty variable, which is one", { key: "uri" }, { uri: "" }, Number.NaN],
    ["a header", { hash_on: "header", key: "X-K" }, { "http_X-K": "jack" }, JACK],
    ["a header that was not sent", { hash_on: "header", key: "X-K" }, {}, STAND_IN],
    ["a cookie", { hash_on: "cookie", key: "k" }, { cookie_k: "jack" }, JACK],
    ["a cookie that was not sent", { hash_on: "cookie", key: "k" }, { k: "jack" }, STAND_IN],
    ["the consumer", { hash_on: "consumer" }, { consumer_name: "jack" }, JACK],
    ["no consumer", { hash_on: "consumer", key: "uri" }, { uri: "jack" }, STAND_IN],
    ["a combination", { hash_on: "vars_combinations", key: "$a$b" }, { a: "ja", b: "ck" }, JACK],
    ["half a combination", { hash_on: "vars_combinations", key: "$a$b" }, { b: "jack" }, JACK],
    ["a combination of nothing", { hash_on: "vars_combinations", key: "x$a" }, {}, STAND_IN],
    ["a key without variables", { hash_on: "vars_combinations", key: "jack" }, {}, STAND_IN],
  ])("hashes %s", (_, fields, values, port) => {
    // crc32("") is 0, which the first point takes.
    const wanted = Number.isNaN(port) ? choice(local({ key: "k" }), having({ k: "" }))?.port : port;
    expect(portFor(fields, { ...ADDRESS, ...values })).toBe(wanted);
    expect(LOCAL.map((each) => each.port)).toContain(wanted);
  });

  it("hashes the bytes that came, those that are no text too", () => {
    const raw = new Uint8Array([0x2f, 0xff, 0xc3, 0xa9]);
    const [group = []] = groupNodes(upstreamOf([], { nodes: LOCAL }));
    const wanted = group[buildRing(group).from(crc32(raw)).next().value ?? -1]?.node.port;
    expect(portFor({ key: "uri" }, { uri: decodeUri(raw, 0, raw.length) })).toBe(wanted);
  });

  it("says at once where it needs the request's body", () => {
    const balancer = local({ hash_on: "vars_combinations", key: "$post_arg_user" });
    const get = () => {
      throw new BodyNeeded();
    };
    expect(() => balancer.candidates({ get })).toThrow(BodyNeeded);
  });

  it("moves only the requests of a node that is gone", () => {
    const more = [...LOCAL, node("127.0.0.1", 1983)];
    for (let i = 0; i < 200; i++) {
      const before = choice(local({ key: "k", nodes: more }), having({ k: `${i}` }))?.port;
      const after = choice(local({ key: "k" }), having({ k: `${i}` }))?.port;
      if (before !== 1983) expect(after).toBe(before);
    }
  });
});

describe("the weights of a ring", () => {
  it("are divided by what they have in common", () => {
    expect(ringWeights([400, 200, 200])).toEqual([2, 1, 1]);
    expect(ringWeights([0, 0])).toEqual([0, 0]);
    expect(ringWeights([0, 6, 9])).toEqual([0, 2, 3]);
  });

  it("are APISIX's up to a limit, beyond it in proportion and never nothing", () => {
    const atLimit = [MAX_RING_WEIGHT - 1, 1];
    expect(ringWeights(atLimit)).toEqual(atLimit);
    const [heavy = 0, light = 0, none] = ringWeights([1_000_000, 500_001, 0]);
    expect(heavy / light).toBeCloseTo(2, 2);
    expect(heavy + light).toBeLessThanOrEqual(MAX_RING_WEIGHT);
    expect(none).toBe(0);
    expect(ringWeights([1_000_000, 1])).toEqual([MAX_RING_WEIGHT - 1, 1]);
  });
});

describe("the shelf of rings", () => {
  const groupOf = (host: string, weight: number) =>
    groupNodes(
      upstreamOf([
        [host, weight],
        ["other", 1],
      ]),
    )[0] ?? [];

  it("builds a ring once", () => {
    const shelf = new RingShelf();
    const group = groupOf("a", 1);
    expect(shelf.ringOf(group)).toBe(shelf.ringOf(group));
    expect(shelf.points).toBe(320);
  });

  it("drops those not asked for the longest, and builds them again", () => {
    const shelf = new RingShelf(1000);
    const [a, b, c, d] = ["a", "b", "c", "d"].map((host) => groupOf(host, 1));
    if (!a || !b || !c || !d) throw new Error("four groups");
    const rings = [a, b, c].map((group) => shelf.ringOf(group));
    expect(shelf.ringOf(a)).toBe(rings[0]);
    shelf.ringOf(d);
    expect(shelf.points).toBe(960);
    expect([shelf.ringOf(a), shelf.ringOf(c)]).toEqual([rings[0], rings[2]]);
    expect(shelf.ringOf(a)).toBe(rings[0]);
    expect(shelf.ringOf(b)).not.toBe(rings[1]);
    expect(shelf.points).toBeLessThanOrEqual(1000);
  });

  it("keeps one that is larger than all the room", () => {
    const shelf = new RingShelf(100);
    const group = groupOf("a", 3);
    expect(shelf.ringOf(group)).toBe(shelf.ringOf(group));
    shelf.ringOf(groupOf("b", 1));
    expect(shelf.points).toBe(320);
  });
});
