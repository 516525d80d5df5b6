import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { nodeAddress } from "../upstream/dial-plan.ts";

/** The nodes of one priority: each address once, by its last entry, in the order of the first. */
export type NodeGroup = readonly GroupedNode[];

export interface GroupedNode {
  readonly node: UpstreamNode;
  /** `host:port`; where the node has no port, with that of the scheme. */
  readonly address: string;
  readonly weight: number;
}

/** Highest priority first. */
export function groupNodes({ nodes, scheme }: Pick<Upstream, "nodes" | "scheme">): NodeGroup[] {
  const groups = new Map<number, Map<string, GroupedNode>>();
  for (const node of nodes) {
    const group = groups.get(node.priority) ?? new Map<string, GroupedNode>();
    const address = addressOf(scheme, node);
    groups.set(node.priority, group.set(address, { node, address, weight: node.weight }));
  }
  return [...groups.entries()].sort(([a], [b]) => b - a).map(([, group]) => [...group.values()]);
}

export function addressOf(scheme: string, node: UpstreamNode): string {
  return `${node.host}:${node.port ?? nodeAddress(scheme, node).port}`;
}
