import { nodeAddress } from "../../shared/health/active-check.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import type { Balancer, BalancerDeps } from "./balancer.ts";
import type { GroupedNode, NodeGroup } from "./node-group.ts";

/** Of two nodes at random, the one that answered sooner of late. Weights do not count, as in APISIX. */
export function createEwma(
  groups: readonly NodeGroup[],
  upstream: Upstream,
  { latencies, now, random }: BalancerDeps,
): Balancer {
  /** Takes one out of `left`, which must not be empty. */
  const taken = (left: GroupedNode[]): GroupedNode | undefined => {
    const first = Math.floor(random() * left.length);
    if (left.length === 1) return left.pop();
    const other = Math.floor(random() * (left.length - 1));
    const second = other < first ? other : other + 1;
    const score = (at: number) => latencies.scoreOf(left[at]?.address ?? "");
    const [found] = left.splice(score(first) > score(second) ? second : first, 1);
    return found;
  };
  return {
    *candidates(): Generator<UpstreamNode, undefined> {
      for (const group of groups) {
        const left = [...group];
        for (let next = taken(left); next; next = taken(left)) yield next.node;
      }
      return undefined;
    },
    begin(node) {
      const address = nodeAddress(upstream, node);
      const begun = now();
      return (end) => {
        const ms = now() - begun;
        // A node that fails at once is not a fast one.
        latencies.add(address, end === "whole" ? ms : Math.max(ms, latencies.scoreOf(address)));
      };
    },
  };
}
