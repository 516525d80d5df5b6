import { isDeepStrictEqual } from "node:util";
import { expect, it } from "vitest";
import { ROUTER_NAMES, type RouterName } from "../../shared/snapshot/format.ts";
import { naiveMatcher, type RoutingResources } from "../support/naive-matcher.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";
import {
  LARGE,
  randomRequest,
  randomRouting,
  SHAPES,
  type Shape,
} from "../support/random-routing.ts";
import { openRoutingWorld } from "../support/routing-world.ts";

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 100_000);
/** A hundred times what it takes, as the test also runs on busy machines and in the soak. */
const LIMIT = { timeout: 60_000 + 10 * REQUESTS };
const REQUESTS_PER_WORLD = 100;
/** A large table is slow to make and slow to try route by route: one for so many requests. */
const REQUESTS_PER_LARGE_WORLD = 25_000;

it(
  `the index answers ${REQUESTS} random requests as a matcher that tries everything`,
  LIMIT,
  () => {
    const random = seededRandom(runSeed());
    let done = 0;
    let matched = 0;
    while (done < REQUESTS) {
      matched += compare(random, random.pick(SHAPES));
      done += REQUESTS_PER_WORLD;
      if (done % REQUESTS_PER_LARGE_WORLD === 0) matched += compare(random, LARGE);
    }
    // Neither all nor nothing: else the worlds would prove little.
    expect(matched, `seed ${random.seed}`).toBeGreaterThan(REQUESTS / 10);
    expect(matched, `seed ${random.seed}`).toBeLessThan(REQUESTS);
  },
);

/** Returns how many requests of one random world found a route. */
function compare(random: Random, shape: Shape): number {
  const router = random.pick(ROUTER_NAMES);
  const resources = randomRouting(random, shape);
  const world = openRoutingWorld(router, resources);
  const naive = naiveMatcher(router, resources);
  let matched = 0;
  for (let i = 0; i < REQUESTS_PER_WORLD; i++) {
    const request = randomRequest(random, resources);
    const expected = naive(request);
    if (expected) matched++;
    const found = world.match(request);
    if (isDeepStrictEqual(found, expected)) continue;
    expect(found, story(random.seed, shape, router, resources, request)).toEqual(expected);
  }
  return matched;
}

/** All that is needed to see what went wrong; of a large table only the routes that differ matter. */
function story(
  seed: number,
  { name }: Shape,
  router: RouterName,
  { routes }: RoutingResources,
  request: object,
): string {
  const shown = Object.entries(routes).slice(0, 100);
  const world = { seed, shape: name, router, request, routes: Object.fromEntries(shown) };
  return JSON.stringify(world, null, 1);
}
