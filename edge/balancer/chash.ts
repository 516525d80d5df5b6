import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import type { Balancer, BalancerDeps } from "./balancer.ts";
import { crc32 } from "./crc32.ts";
import { hashKeyOf } from "./hash-key.ts";
import type { NodeGroup } from "./node-group.ts";

/**
 * Requests with the same key go to the same node, in every isolate and in APISIX. Another node follows
 * where that one is left out, and it alone changes its requests.
 */
export function createChash(
  groups: readonly NodeGroup[],
  upstream: Upstream,
  { rings }: BalancerDeps,
): Balancer {
  const keyOf = hashKeyOf(upstream);
  const untried = function* (hash: number): Generator<UpstreamNode, undefined> {
    for (const group of groups) {
      const walk = rings.ringOf(group).from(hash);
      for (let next = walk.next(); !next.done; next = walk.next()) {
        const found = group[next.value];
        if (found) yield found.node;
      }
    }
    return undefined;
  };
  // The key is read at once: it may need the request's body, which must not be on its way by then.
  return { candidates: (variables) => untried(crc32(keyOf(variables))) };
}
