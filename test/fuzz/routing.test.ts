import { expect, it } from "vitest";
import { buildRouteIndex } from "../../shared/routing/build-index.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import { openRouteIndex } from "../../shared/routing/open-index.ts";
import type { IndexedRoute } from "../../shared/routing/route-index.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { naiveMatch } from "../support/naive-matcher.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 20_000);
const REQUESTS_PER_WORLD = 100;
const DAMAGES = 1_500;

const SEGMENTS = ["a", "b", "ab", "", "é", "a+", ":x", ":y", "*", "*z", "a*", "b:c", "__proto__"];
const HOSTS = ["a.com", "b.a.com", "*.a.com", "*a.com", "*", "*.com", "a.com:8080", "[::1]"];
const METHODS = ["GET", "POST", "PUT", "BREW", "PURGE"];

it(`the index answers ${REQUESTS} random requests as a matcher that tries everything`, () => {
  const random = seededRandom(runSeed());
  let matched = 0;
  for (let done = 0; done < REQUESTS; done += REQUESTS_PER_WORLD) {
    const router = random.pick(ROUTER_NAMES);
    const routes = randomRoutes(random);
    const index = openRouteIndex(buildRouteIndex(router, routes), "chunks/fuzz");
    for (let i = 0; i < REQUESTS_PER_WORLD; i++) {
      const facts = randomFacts(random, routes);
      const expected = naiveMatch(router, routes, facts);
      if (expected) matched++;
      const world = JSON.stringify({ seed: random.seed, router, routes, facts }, null, 1);
      expect(index.match(facts), world).toEqual(expected);
    }
  }
  // Neither all nor nothing: else the worlds would prove little.
  expect(matched).toBeGreaterThan(REQUESTS / 10);
  expect(matched).toBeLessThan(REQUESTS);
});

it(`of ${DAMAGES} damaged indexes each throws a SnapshotError or still answers, and soon`, () => {
  const random = seededRandom(runSeed());
  let refused = 0;
  for (let i = 0; i < DAMAGES; i++) {
    const routes = randomRoutes(random);
    const bytes = damage(random, buildRouteIndex(random.pick(ROUTER_NAMES), routes));
    try {
      const index = openRouteIndex(bytes, "chunks/fuzz");
      for (let j = 0; j < 10; j++) {
        const match = index.match(randomFacts(random, routes));
        if (match) expect(typeof match.routeId, `seed ${random.seed}`).toBe("string");
      }
    } catch (error) {
      expect(error, `seed ${random.seed}`).toBeInstanceOf(SnapshotError);
      refused++;
    }
  }
  expect(refused, `seed ${random.seed}`).toBeGreaterThan(0);
});

function randomRoutes(random: Random): IndexedRoute[] {
  return Array.from({ length: 1 + random.below(14) }, (_, i) => ({
    id: `r${String(i * 7 + 3)}`,
    uris: some(random, 1, 3, () => randomPath(random)),
    hosts: random.chance(0.5) ? some(random, 1, 3, () => random.pick(HOSTS)) : [],
    methods: random.chance(0.3) ? some(random, 1, 2, () => random.pick(METHODS)) : [],
    priority: random.below(3) - 1,
  }));
}

/** Without repeats, as the schemas have it. */
function some(random: Random, least: number, most: number, make: () => string): string[] {
  const count = least + random.below(most - least + 1);
  return [...new Set(Array.from({ length: count }, make))];
}

function randomPath(random: Random): string {
  const segments = Array.from({ length: random.below(5) }, () => random.pick(SEGMENTS));
  return random.chance(0.05) ? segments.join("/") : `/${segments.join("/")}`;
}

/** Half of the paths are made from a route's own, so that deep patterns are met too. */
function randomFacts(random: Random, routes: readonly IndexedRoute[]): Facts {
  const pattern = random.pick(random.pick(routes).uris);
  const fill = () => random.pick(["1", "a", "a/b", "", "b/a/b", "\udcff"]);
  const uri = random.chance(0.5)
    ? pattern.replace(/[*:][a-z]?/g, fill)
    : randomPath(random).replace(/[*:]/g, "");
  const host = random.pick(["a.com", "b.a.com", "c.b.a.com", ".a.com", "xa.com", "[::1]", "_"]);
  const hostHeader = random.pick([host, `${host}:8080`, host.toUpperCase()]);
  const method = random.pick(["GET", "POST", "HEAD", "BREW", "PURGE"]);
  return { method, uri, host, hostHeader, remoteAddr: "203.0.113.1" };
}

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  if (random.chance(0.1)) return bytes.subarray(0, random.below(bytes.length));
  const damaged = bytes.slice();
  for (let left = 1 + random.below(8); left > 0; left--) {
    const at = random.below(damaged.length);
    if (random.chance(0.5)) damaged[at] = random.below(256);
    else damaged.fill(0xff, at, at + 1 + random.below(4));
  }
  return damaged;
}
