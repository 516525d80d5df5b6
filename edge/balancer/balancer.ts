import type { Variables } from "../../shared/expression/variables.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { GatewayError } from "../errors.ts";
import { createChash } from "./chash.ts";
import { createEwma } from "./ewma.ts";
import { InFlight } from "./in-flight.ts";
import { LatencyScores } from "./latency-scores.ts";
import { createLeastConn } from "./least-conn.ts";
import { groupNodes, type NodeGroup } from "./node-group.ts";
import { RingShelf } from "./ring-shelf.ts";
import { createRoundRobin } from "./round-robin.ts";

/**
 * Built once for an upstream and kept while its nodes stay, asked once for a request. It yields; the
 * caller leaves out nodes that are not healthy and decides how many it takes.
 */
export interface Balancer {
  /**
   * Nodes in the order in which this request should try them; ends when there is none left that it has
   * not tried. `variables` are the request's. Throws `BodyNeeded` where the request's body decides and has
   * not been read, and a `GatewayError` where there is no such balancer.
   */
  candidates(variables: Variables): Iterator<UpstreamNode, undefined>;
  /** Of a balancer that learns: told before each attempt, and by the answer of its end, once. */
  begin?(node: UpstreamNode): EndAttempt;
}

/** `whole`: the answer has come to its end. `cut`: there was none, or it was broken off, by either side. */
export type EndAttempt = (end: "whole" | "cut") => void;

/** What the balancers of one isolate share. */
export interface BalancerDeps {
  /** From 0 up to, not including, 1: where a rotation begins, so that a fleet spreads evenly. */
  readonly random: () => number;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  readonly rings: RingShelf;
  readonly latencies: LatencyScores;
}

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
