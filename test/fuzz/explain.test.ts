import { expect, it } from "vitest";
import { explainMatch } from "../../exporter/explain/explain-match.ts";
import { IndexedTable } from "../../exporter/explain/indexed-table.ts";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { naiveMatcher } from "../support/naive-matcher.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";
import { randomRequest, randomRouting, SHAPES } from "../support/random-routing.ts";
import { worldOf } from "../support/routing-world.ts";

const WORLDS = Number(process.env.FUZZ_WORLDS ?? 200);
const REQUESTS_PER_WORLD = 20;
const LIMIT = { timeout: 60_000 + 1000 * WORLDS };

it(
  "every route is told of, each with what is in its way, and only the winner has nothing",
  LIMIT,
  async () => {
    const random = seededRandom(runSeed());
    let losing = 0;
    for (let i = 0; i < WORLDS; i++) losing += await tryWorld(random);
    expect(losing, `seed ${random.seed}`).toBeGreaterThan(WORLDS);
  },
);

/** Returns how many routes would have matched and came later. */
async function tryWorld(random: Random): Promise<number> {
  const router = random.pick(ROUTER_NAMES);
  const resources = randomRouting(random, random.pick(SHAPES));
  const { table } = worldOf(resources);
  const indexed = await IndexedTable.build({ table, revision: 1 }, router);
  const naive = naiveMatcher(router, resources);
  let losing = 0;
  for (let i = 0; i < REQUESTS_PER_WORLD; i++) {
    const request = randomRequest(random, resources);
    const told = await explainMatch(indexed, request, Number.POSITIVE_INFINITY);
    const story = JSON.stringify({ seed: random.seed, router, request, resources }, null, 1);
    const winner = naive(request);
    expect(told.match?.routeId, story).toBe(winner?.routeId);
    expect(told.rest, story).toEqual({});
    expect(told.routes, story).toBe(told.others.length + Number(told.match !== undefined));
    const unhindered = told.others.filter(({ unmet }) => unmet.length === 0);
    for (const { id, losesBy } of unhindered) expect(losesBy, `${id}: ${story}`).toBeDefined();
    losing += unhindered.length;
  }
  return losing;
}
