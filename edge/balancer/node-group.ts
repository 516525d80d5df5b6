import { nodeAddress } from "../../shared/health/active-check.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";

/** The nodes of one priority: each address once, by its last entry, in the order of the first. */
export type NodeGroup = readonly GroupedNode[];

export interface GroupedNode {
  readonly node: UpstreamNode;
  /** `host:port`; where the node has no port, with that of the scheme. */
  readonly address: string;
  readonly weight: number;
}

/** Highest priority first. */
export function groupNodes(upstream: Pick<Upstream, "nodes" | "scheme">): NodeGroup[] {
  const groups = new Map<number, Map<string, GroupedNode>>();
  for (const node of upstream.nodes) {
    const group = groups.get(node.priority) ?? new Map<string, GroupedNode>();
    const address = nodeAddress(upstream, node);
    groups.set(node.priority, group.set(address, { node, address, weight: node.weight }));
  }
  return [...groups.entries()].sort(([a], [b]) => b - a).map(([, group]) => [...group.values()]);
}
