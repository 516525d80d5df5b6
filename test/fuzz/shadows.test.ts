import { expect, it } from "vitest";
import { indexedRoute } from "../../exporter/compile/indexed-route.ts";
import { findShadows } from "../../exporter/lint/find-shadows.ts";
import { unreachableHost, unreachablePath } from "../../exporter/lint/unreachable.ts";
import { hostOf, normaliseUri } from "../../shared/routing/normalise.ts";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { naiveMatcher, type TriedRequest } from "../support/naive-matcher.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";
import { randomRequest, randomRouting, SHAPES, type Shape } from "../support/random-routing.ts";
import { worldOf } from "../support/routing-world.ts";

const WORLDS = Number(process.env.FUZZ_WORLDS ?? 200);
const REQUESTS_PER_WORLD = 300;
const LIMIT = { timeout: 60_000 + 1000 * WORLDS };

/** Patterns under one key that accept more or less of the same paths. */
const PATTERNS: Shape = {
  name: "patterns",
  routes: (r) => 5 + r.below(20),
  path: (r) => {
    const segments = Array.from({ length: 1 + r.below(3) }, () =>
      r.pick([":a", "1", "a", "*", ""]),
    );
    return `/${r.pick(["", ":x/", "*/"])}${segments.join("/")}`;
  },
  conditions: 0.1,
};

it("a route that is called shadowed, or unreachable, never wins", LIMIT, () => {
  const random = seededRandom(runSeed());
  let shadowed = 0;
  for (let i = 0; i < WORLDS; i++) shadowed += tryWorld(random);
  // Of routes that were made at random many are in each other's way: else the fuzz would show little.
  expect(shadowed, `seed ${random.seed}`).toBeGreaterThan(WORLDS / 10);
});

/** Returns how many routes were found that never win. */
function tryWorld(random: Random): number {
  const router = random.pick(ROUTER_NAMES);
  const resources = randomRouting(random, random.pick([...SHAPES, PATTERNS, PATTERNS]));
  const { table } = worldOf(resources);
  const routes = [...table.ofKind("routes")].flatMap((route) => indexedRoute(route, table) ?? []);
  const { shadowed } = findShadows(router, routes);
  const unreachable = routes.filter(
    ({ uris, hosts }) =>
      uris.every((uri) => unreachablePath(router, uri) !== undefined) ||
      (hosts.length > 0 && hosts.every((host) => unreachableHost(router, host) !== undefined)),
  );
  const never = new Set([...shadowed.keys(), ...unreachable.map(({ id }) => id)]);
  const match = naiveMatcher(router, resources);
  for (let i = 0; i < REQUESTS_PER_WORLD; i++) {
    const request = randomRequest(random, resources);
    if (!canBeSent(request)) continue;
    const won = match(request);
    if (won === undefined || !never.has(won.routeId)) continue;
    const story = { seed: random.seed, router, request, by: shadowed.get(won.routeId) };
    expect.fail(`${won.routeId} wins: ${JSON.stringify({ ...story, resources }, null, 1)}`);
  }
  return never.size;
}

/** The fuzz makes paths and hosts freely; these are as a server reads them. */
function canBeSent({ uri, host, hostHeader }: TriedRequest): boolean {
  const plain = uri.replaceAll("%", "%25").replaceAll("?", "%3F").replaceAll("#", "%23");
  return normaliseUri(plain) === uri && hostOf(hostHeader) === host;
}
