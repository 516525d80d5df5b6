import type { Upstream } from "./upstream.ts";

const BALANCERS = ["roundrobin", "chash", "ewma", "least_conn"];
const SCHEMES = new Set(["http", "https"]);

/** Why the edge cannot use this upstream, and what a person can do. */
export interface Refusal {
  /** Path in the upstream, e.g. `type`. */
  readonly path: string;
  readonly reason: string;
  readonly remedy: string;
}

/** The first reason for which requests to this upstream are answered with 503; undefined: none. */
export function upstreamRefusal(upstream: Upstream): Refusal | undefined {
  if (upstream.service_name !== undefined) {
    return {
      path: "discovery_type",
      reason: `service discovery by ${upstream.discovery_type} does not run at the edge`,
      remedy: "list the nodes, or keep them in etcd by a controller",
    };
  }
  if (!SCHEMES.has(upstream.scheme)) {
    return {
      path: "scheme",
      reason: `a Worker cannot reach an upstream by ${upstream.scheme}`,
      remedy: "use http or https",
    };
  }
  if (upstream.tls?.client_cert !== undefined || upstream.tls?.client_cert_id !== undefined) {
    return {
      path: "tls",
      reason: "a client certificate in the configuration cannot be presented by a Worker",
      remedy: "reach the upstream through a private network, or drop the client certificate",
    };
  }
  return undefined;
}

/**
 * An unknown balancer. It is looked for when a request comes, and not at all where there is but one node,
 * so the upstream is not refused as a whole.
 */
export function balancerRefusal({ nodes, type }: Upstream): Refusal | undefined {
  if (BALANCERS.includes(type) || nodes.length < 2) return undefined;
  return {
    path: "type",
    reason: `there is no balancer ${type}; requests are answered with 500, as in APISIX`,
    remedy: `use one of ${BALANCERS.join(", ")}`,
  };
}

/** Fields without effect at the edge, as path and reason. */
export function upstreamIgnored(upstream: Upstream): readonly (readonly [string, string])[] {
  const ignored: [string, string][] = [];
  if (upstream.checks)
    ignored.push(["checks", "health checks do not run yet; failures are retried"]);
  if (upstream.keepalive_pool) ignored.push(["keepalive_pool", "the platform keeps connections"]);
  if (!BALANCERS.includes(upstream.type) && upstream.nodes.length < 2)
    ignored.push(["type", `there is no balancer ${upstream.type}; an only node needs none`]);
  return ignored;
}
