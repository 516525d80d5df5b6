import type { UpstreamNode } from "../../shared/resources/upstream.ts";

/** What an attempt at a node came to, as APISIX's health checks count it. */
export type AttemptOutcome =
  /** It was the last one: `status` is the client's, the node's own or the gateway's 502 or 504. */
  | { readonly is: "answered"; readonly status: number }
  /** Another node was tried. `tcp`: no connection, or it broke; `timeout`: nothing came in time. */
  | { readonly is: "failed"; readonly kind: "tcp" | "timeout" };

/** What is known of an upstream's nodes, beside what is configured. */
export interface UpstreamHealth {
  /** Whether a node is worth an attempt; while no node is healthy, all are. Asked once for a request. */
  usable(): (node: UpstreamNode) => boolean;
  /** Told after each attempt. */
  attempted(node: UpstreamNode, outcome: AttemptOutcome): void;
}

/** Of an upstream without health checks. */
export const ALWAYS_HEALTHY: UpstreamHealth = {
  usable: () => () => true,
  attempted: () => undefined,
};
