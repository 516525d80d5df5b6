import { isDeepStrictEqual } from "node:util";
import { expect, it } from "vitest";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { naiveMatcher, type RoutingResources } from "../support/naive-matcher.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";
import {
  LARGE_SHAPES,
  randomPaging,
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
/** Large tables are slow to make and slow to try route by route: one for so many requests. */
const REQUESTS_PER_LARGE_WORLD = 10_000;

it(
  `${REQUESTS} random requests find what a matcher finds that tries everything`,
  LIMIT,
  async () => {
    const random = seededRandom(runSeed());
    let matched = 0;
    for (let done = 0; done < REQUESTS; done += REQUESTS_PER_WORLD) {
      const found = await compare(random, shapeAt(random, done));
      matched += found;
    }
    // Neither all nor nothing: else the worlds would prove little.
    expect(matched, `seed ${random.seed}`).toBeGreaterThan(REQUESTS / 10);
    expect(matched, `seed ${random.seed}`).toBeLessThan(REQUESTS);
  },
);

function shapeAt(random: Random, done: number): Shape {
  return random.pick(done % REQUESTS_PER_LARGE_WORLD === 0 ? LARGE_SHAPES : SHAPES);
}

/** Returns how many requests of one random world found a route. */
async function compare(random: Random, shape: Shape): Promise<number> {
  const router = random.pick(ROUTER_NAMES);
  const resources = randomRouting(random, shape);
  const paging = randomPaging(random);
  const world = await openRoutingWorld(router, resources, paging);
  const naive = naiveMatcher(router, resources);
  let matched = 0;
  for (let i = 0; i < REQUESTS_PER_WORLD; i++) {
    const request = randomRequest(random, resources);
    const expected = naive(request);
    if (expected) matched++;
    const found = world.match(request);
    if (isDeepStrictEqual(found, expected)) continue;
    expect(found, story(random.seed, shape, { router, paging, request }, resources)).toEqual(
      expected,
    );
  }
  return matched;
}

/** All that is needed to see what went wrong; of a large table only some routes. */
function story(seed: number, { name }: Shape, asked: object, { routes }: RoutingResources): string {
  const some = Object.fromEntries(Object.entries(routes).slice(0, 50));
  return JSON.stringify({ seed, shape: name, ...asked, routes: some }, null, 1);
}
