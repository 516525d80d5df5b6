import { expect, it } from "vitest";
import type { UpstreamNode } from "../../shared/resources/upstream.ts";
import { balancerOf, having } from "../support/balancers.ts";
import { naiveCycle, naiveOrder, naiveRing } from "../support/naive-balancers.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";

const NODE_SETS = 300;
const KEYS = 12;
const seed = runSeed();

function aHost(random: Random): string {
  const part = () => random.below(256);
  return random.pick([
    () => `10.0.${part()}.${part()}`,
    () => `node-${part()}.example.com`,
    () => `[2001:db8::${part().toString(16)}]`,
    () => "[::1]",
  ])();
}

/** Up to eight different addresses, with weights that are small, large, equal, far apart, or 0. */
function nodeSet(random: Random): UpstreamNode[] {
  const weights = random.pick([[1], [0, 1, 2, 3], [5, 10, 40], [0, 7, 14, 21], [1, 12], [0]]);
  const nodes = new Map<string, UpstreamNode>();
  for (let i = 2 + random.below(7); i > 0; i--) {
    const [host, port] = [aHost(random), 1 + random.below(65_535)];
    nodes.set(`${host}:${port}`, { host, port, weight: random.pick(weights), priority: 0 });
  }
  // With one node there is nothing to balance.
  return nodes.size < 2 ? nodeSet(random) : [...nodes.values()];
}

const addressOf = ({ host, port }: UpstreamNode) => `${host}:${port}`;
const naive = (nodes: readonly UpstreamNode[]) =>
  nodes.map((node) => ({ address: addressOf(node), weight: node.weight }));

it(`chash goes round the ring that the reference tells of (seed ${seed})`, () => {
  const random = seededRandom(seed);
  for (let set = 0; set < NODE_SETS; set++) {
    const nodes = nodeSet(random);
    const ring = naiveRing(naive(nodes));
    const balancer = balancerOf([], { type: "chash", key: "uri", nodes });
    for (let i = 0; i < KEYS; i++) {
      const uri = random.pick(["/", "/é漢🎈", "k"]) + random.below(1_000_000);
      const order: string[] = [];
      const candidates = balancer.candidates(having({ uri }));
      for (let next = candidates.next(); !next.done; next = candidates.next()) {
        order.push(addressOf(next.value));
      }
      expect(order, `set ${set}: ${JSON.stringify(nodes)}, ${uri}`).toEqual(naiveOrder(ring, uri));
    }
  }
});

it(`round-robin turns in the cycle that the reference tells of (seed ${seed})`, () => {
  const random = seededRandom(seed);
  for (let set = 0; set < NODE_SETS; set++) {
    const nodes = nodeSet(random);
    const cycle = naiveCycle(naive(nodes));
    const balancer = balancerOf([], { nodes }, { seed: random.below(2 ** 31) });
    const drawn = Array.from({ length: 2 * cycle.length }, () => {
      const next = balancer.candidates({ get: () => undefined }).next();
      return next.done ? "none" : addressOf(next.value);
    });
    const turns = cycle.map((_, i) => [...cycle.slice(i), ...cycle.slice(0, i)].join());
    const [first, second] = [drawn.slice(0, cycle.length), drawn.slice(cycle.length)];
    expect(second.join()).toBe(first.join());
    expect(turns, `set ${set}: ${JSON.stringify(nodes)}`).toContain(first.join());
  }
});
