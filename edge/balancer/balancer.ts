import type { Variables } from "../../shared/expression/variables.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { createRoundRobin } from "./round-robin.ts";

/**
 * Built once for an upstream and kept while its nodes stay, asked once for a request. It yields; the
 * caller leaves out nodes that are not healthy and decides how many it takes.
 */
export interface Balancer {
  /**
   * Nodes in the order in which this request should try them; ends when there is none left that it has
   * not tried. `variables` are the request's.
   */
  candidates(variables: Variables): Iterator<UpstreamNode, undefined>;
}

/** `random` is from 0 up to, not including, 1: where a rotation begins, so that a fleet spreads evenly. */
export function createBalancer(upstream: Upstream, random: () => number): Balancer {
  const [only, ...others] = upstream.nodes;
  if (only && others.length === 0) return { candidates: () => repeat(only) };
  const groups = byPriority(upstream.nodes).map((nodes) => createRoundRobin(nodes, random));
  return {
    *candidates() {
      for (const group of groups) yield* group.untried();
      return undefined;
    },
  };
}

/** APISIX asks an only node again on a retry, whatever its weight. */
function* repeat(node: UpstreamNode): Generator<UpstreamNode, undefined> {
  for (;;) yield node;
}

/** Highest priority first; within a group an address appears once, and its last entry counts. */
function byPriority(nodes: readonly UpstreamNode[]): UpstreamNode[][] {
  const groups = new Map<number, Map<string, UpstreamNode>>();
  for (const node of nodes) {
    const group = groups.get(node.priority) ?? new Map<string, UpstreamNode>();
    groups.set(node.priority, group.set(`${node.host}:${node.port ?? ""}`, node));
  }
  return [...groups.entries()].sort(([a], [b]) => b - a).map(([, group]) => [...group.values()]);
}
