import { expect, it } from "vitest";
import type { Facts } from "../../shared/routing/facts.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { madeChunks } from "../../shared/snapshot/made-chunks.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";
import { buildIndex } from "../support/route-indexes.ts";

const WORLDS = Number(process.env.FUZZ_ROUNDS ?? 300);
const REQUESTS_PER_WORLD = 60;

const SEGMENTS = ["a", "b", "ab", "", "é", ":x", "*", "*z", "a*", "abc"];
const HOSTS = ["a.com", "b.a.com", "*.a.com", "*a.com", "*", "*.com", "c.com", "*.b.a.com"];

it(`an index in ${WORLDS} ways of cutting it answers as the one that is not cut`, async () => {
  const random = seededRandom(runSeed());
  let matched = 0;
  let chunks = 0;
  for (let world = 0; world < WORLDS; world++) {
    const router = random.pick(ROUTER_NAMES);
    const routes = Array.from({ length: 1 + random.below(60) }, (_, i) => randomRoute(random, i));
    const limit = random.pick([1, 40, 100, 300]);
    const whole = await buildIndex(router, routes);
    const cut = await buildIndex(router, routes, limit, 2 + random.below(4));
    chunks += cut.chunks.size;
    for (let i = 0; i < REQUESTS_PER_WORLD; i++) {
      const facts = randomFacts(random, routes);
      const expected = plain(whole.index, facts);
      if (expected) matched++;
      const where = JSON.stringify({ seed: random.seed, router, limit, routes, facts }, null, 1);
      // Twice: what a walk found is kept.
      for (let times = 0; times < 3; times++)
        expect(plain(cut.index, facts), where).toEqual(expected);
    }
  }
  expect(matched).toBeGreaterThan((WORLDS * REQUESTS_PER_WORLD) / 10);
  expect(chunks).toBeGreaterThan(WORLDS * 5);
});

it("routes that come, change and go give the bytes of those that are left", async () => {
  const random = seededRandom(runSeed());
  for (let world = 0; world < WORLDS / 10; world++) {
    const router = random.pick(ROUTER_NAMES);
    const limit = random.pick([1, 40, 300]);
    const tree = new RouteTree(router, limit, 3);
    const chunks = new TreeChunks(tree.codec);
    const held = new Map<string, IndexedRoute>();
    const stored = new Map<string, Uint8Array>();
    const known = new Set<string>();
    for (let step = 0; step < 40; step++) {
      const id = `r${random.below(30)}`;
      const route = random.chance(0.7) ? { ...randomRoute(random, 0), id } : undefined;
      tree.apply([[id, route]]);
      if (route) held.set(id, route);
      else held.delete(id);
      const fresh: FreshChunks = new Map();
      const written = await chunks.write(tree.root, known, fresh);
      for (const [sha256, bytes] of fresh) stored.set(sha256, bytes());
      // Now and then a publish fails: its chunks must come again.
      if (random.chance(0.8)) written.confirm();
      const direct = await buildIndex(router, [...held.values()], limit, 3);
      const where = `seed ${random.seed}, world ${world}, step ${step}`;
      expect(written.root, where).toEqual(direct.root);
      for (const [sha256, bytes] of direct.chunks) {
        expect(stored.get(sha256), where).toEqual(bytes());
      }
    }
  }
});

it("of damaged chunks each throws a SnapshotError or still answers, and soon", async () => {
  const random = seededRandom(runSeed());
  let refused = 0;
  for (let i = 0; i < WORLDS * 4; i++) {
    const routes = Array.from({ length: 1 + random.below(30) }, (_, at) => randomRoute(random, at));
    const router = random.pick(ROUTER_NAMES);
    const { root, chunks } = await buildIndex(router, routes, random.pick([60, 10_000]), 3);
    const damaged = new Map([...chunks].map(([sha256, bytes]) => [sha256, damage(random, bytes)]));
    for (let j = 0; j < 10; j++) {
      try {
        const index = new RouteIndex(router, root, madeChunks(damaged));
        const match = plain(index, randomFacts(random, routes));
        if (match) expect(typeof match.routeId, `seed ${random.seed}`).toBe("string");
      } catch (error) {
        // A chunk that a damaged branch names is not there: what an edge would read, and not find.
        if (!(error instanceof Error && error.name === "ChunkNeeded")) {
          expect(error, `seed ${random.seed}`).toBeInstanceOf(SnapshotError);
        }
        refused++;
      }
    }
  }
  expect(refused, `seed ${random.seed}`).toBeGreaterThan(0);
});

function plain(index: RouteIndex, facts: Facts) {
  const match = index.match(facts);
  if (!match) return undefined;
  const { routeId, path, host, params } = match;
  return { routeId, path, host, params: { ...params } };
}

function randomRoute(random: Random, i: number): IndexedRoute {
  return {
    id: `r${String(i * 7 + 3)}`,
    uris: some(random, 1, 3, () => randomPath(random)),
    hosts: random.chance(0.6) ? some(random, 1, 3, () => random.pick(HOSTS)) : [],
    methods: random.chance(0.3) ? some(random, 1, 2, () => random.pick(["GET", "POST"])) : [],
    priority: random.below(3) - 1,
    remoteAddrs: random.chance(0.1) ? ["10.0.0.0/8"] : [],
  };
}

function some(random: Random, least: number, most: number, make: () => string): string[] {
  const count = least + random.below(most - least + 1);
  return [...new Set(Array.from({ length: count }, make))];
}

function randomPath(random: Random): string {
  return `/${Array.from({ length: random.below(6) }, () => random.pick(SEGMENTS)).join("/")}`;
}

function randomFacts(random: Random, routes: readonly IndexedRoute[]): Facts {
  const pattern = random.pick(random.pick(routes).uris);
  const fill = () => random.pick(["1", "a", "a/b", "", "b/a/b", "\udcff"]);
  const uri = random.chance(0.6)
    ? pattern.replace(/[*:][a-z]?/g, fill)
    : randomPath(random).replace(/[*:]/g, "");
  const host = random.pick(["a.com", "b.a.com", "c.b.a.com", ".a.com", "xa.com", "c.com", "_"]);
  return {
    method: random.pick(["GET", "POST", "HEAD", "BREW"]),
    uri,
    host,
    hostHeader: host,
    remoteAddr: random.pick(["10.1.2.3", "192.0.2.1"]),
    variables: { get: () => undefined },
  };
}

function damage(random: Random, bytes: () => Uint8Array): () => Uint8Array {
  const good = bytes();
  if (random.chance(0.5)) return () => good;
  // What does not begin as a chunk is refused when it is opened; the rest is more telling.
  if (random.chance(0.1)) return () => good.subarray(0, 24 + random.below(good.length - 24));
  const damaged = good.slice();
  for (let left = 1 + random.below(8); left > 0; left--) {
    const at = 4 + random.below(damaged.length - 4);
    if (random.chance(0.5)) damaged[at] = random.below(256);
    else damaged.fill(0xff, at, at + 1 + random.below(4));
  }
  return () => damaged;
}
