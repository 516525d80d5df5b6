import { nodeAddress } from "../../shared/health/active-check.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import type { Balancer, BalancerDeps } from "./balancer.ts";
import type { InFlight } from "./in-flight.ts";
import type { GroupedNode, NodeGroup } from "./node-group.ts";

/**
 * The node with the fewest requests in hand for its weight. Among equals one at random: were it the first,
 * then every isolate would send its only request there. A node of weight 0 is the last resort.
 */
export function createLeastConn(
  groups: readonly NodeGroup[],
  upstream: Upstream,
  { inFlight, random }: BalancerDeps & { readonly inFlight: InFlight },
): Balancer {
  const taken = (left: GroupedNode[]): GroupedNode | undefined => {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    let equals = 0;
    for (const [i, { address, weight }] of left.entries()) {
      const score = (1 + inFlight.of(address)) / weight;
      if (score > least) continue;
      equals = score < least ? 1 : equals + 1;
      least = score;
      // Each of the equals so far has the same chance to be the one.
      if (equals === 1 || random() * equals < 1) best = i;
    }
    return left.splice(best, 1)[0];
  };
  return {
    *candidates(): Generator<UpstreamNode, undefined> {
      for (const group of groups) {
        const left = [...group];
        for (let next = taken(left); next; next = taken(left)) yield next.node;
      }
      return undefined;
    },
    begin: (node) => inFlight.begin(nodeAddress(upstream, node)),
  };
}
