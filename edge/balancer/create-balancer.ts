import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { GatewayError } from "../errors.ts";
import type { Balancer, BalancerDeps } from "./balancer.ts";
import { createChash } from "./chash.ts";
import { createEwma } from "./ewma.ts";
import { InFlight } from "./in-flight.ts";
import { LatencyScores } from "./latency-scores.ts";
import { createLeastConn } from "./least-conn.ts";
import { groupNodes, type NodeGroup } from "./node-group.ts";
import { RingShelf } from "./ring-shelf.ts";
import { createRoundRobin } from "./round-robin.ts";

export function balancerDeps({ now, random }: Pick<BalancerDeps, "now" | "random">): BalancerDeps {
  return { now, random, rings: new RingShelf(), latencies: new LatencyScores(now) };
}

type CreateBalancer = (
  groups: readonly NodeGroup[],
  upstream: Upstream,
  deps: BalancerDeps & { readonly inFlight: InFlight },
) => Balancer;

const BALANCERS: ReadonlyMap<string, CreateBalancer> = new Map<string, CreateBalancer>([
  ["roundrobin", createRotation],
  ["chash", createChash],
  ["ewma", createEwma],
  ["least_conn", createLeastConn],
]);

/** `inFlight` outlives the balancer where an upstream changes. */
export function createBalancer(
  upstream: Upstream,
  deps: BalancerDeps,
  inFlight = new InFlight(),
): Balancer {
  const { nodes, type } = upstream;
  const [only, ...others] = nodes;
  if (only && others.length === 0 && type !== "least_conn") {
    return { candidates: () => repeat(only) };
  }
  const create = BALANCERS.get(type);
  if (!create) return { candidates: () => refuse(type) };
  return create(groupNodes(upstream), upstream, { ...deps, inFlight });
}

/** APISIX asks an only node again on a retry, whatever its weight. */
function* repeat(node: UpstreamNode): Generator<UpstreamNode, undefined> {
  for (;;) yield node;
}

/** As in APISIX, which looks for the balancer when it needs one. */
function refuse(type: string): never {
  throw new GatewayError("gateway", 500, `there is no balancer ${type}`);
}

function createRotation(
  groups: readonly NodeGroup[],
  _upstream: Upstream,
  { random }: BalancerDeps,
): Balancer {
  const rotations = groups.map((group) => createRoundRobin(group, random));
  return {
    *candidates() {
      for (const rotation of rotations) {
        const untried = rotation.untried();
        for (let next = untried.next(); !next.done; next = untried.next()) yield next.value.node;
      }
      return undefined;
    },
  };
}
