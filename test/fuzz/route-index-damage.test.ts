import { expect, it } from "vitest";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { ChunkNeeded } from "../../shared/snapshot/held-chunks.ts";
import type { RoutingResources } from "../support/naive-matcher.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";
import {
  randomPaging,
  randomRequest,
  randomRouting,
  SHAPES,
  type Shape,
} from "../support/random-routing.ts";
import { openRoutingWorld } from "../support/routing-world.ts";

const TABLES = Number(process.env.FUZZ_REQUESTS ?? 100_000) / 100;
const REQUESTS_PER_TABLE = 20;
const LIMIT = { timeout: 60_000 + 100 * TABLES };

it(`of ${TABLES} damaged indexes each throws a named error or still answers`, LIMIT, async () => {
  const random = seededRandom(runSeed());
  let refused = 0;
  for (let i = 0; i < TABLES; i++) {
    const count = await askDamaged(random, random.pick(SHAPES));
    refused += count;
  }
  expect(refused, `seed ${random.seed}`).toBeGreaterThan(TABLES);
});

/** How many requests were refused. */
async function askDamaged(random: Random, shape: Shape): Promise<number> {
  const resources = randomRouting(random, shape);
  const router = random.pick(ROUTER_NAMES);
  const world = await openRoutingWorld(router, resources, {
    ...randomPaging(random),
    transmit: (chunk) => damage(random, chunk),
  });
  let refused = 0;
  for (let i = 0; i < REQUESTS_PER_TABLE; i++) {
    try {
      world.match(randomRequest(random, resources));
    } catch (error) {
      // A damaged digest in a branch is that of a chunk which is not there.
      const isNamed = error instanceof SnapshotError || error instanceof ChunkNeeded;
      if (!isNamed) throw new Error(story(random.seed, resources), { cause: error });
      refused++;
    }
  }
  return refused;
}

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  if (random.chance(0.3)) return bytes;
  if (random.chance(0.1)) return bytes.slice(0, random.below(bytes.length));
  const damaged = bytes.slice();
  for (let left = 1 + random.below(8); left > 0; left--) {
    const at = random.below(damaged.length);
    if (random.chance(0.5)) damaged[at] = random.below(256);
    else damaged.fill(0xff, at, at + 1 + random.below(4));
  }
  return damaged;
}

function story(seed: number, { routes }: RoutingResources): string {
  return JSON.stringify({ seed, routes: Object.entries(routes).slice(0, 20) }, null, 1);
}
