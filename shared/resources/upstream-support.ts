import type { Upstream } from "./upstream.ts";

const BALANCERS = new Set(["roundrobin"]);
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
  if (!BALANCERS.has(upstream.type)) {
    return {
      path: "type",
      reason: `the balancer ${upstream.type} is not served yet`,
      remedy: "use roundrobin",
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

/** Fields without effect at the edge, as path and reason. */
export function upstreamIgnored(upstream: Upstream): readonly (readonly [string, string])[] {
  const ignored: [string, string][] = [];
  if (upstream.checks)
    ignored.push(["checks", "health checks do not run yet; failures are retried"]);
  if (upstream.keepalive_pool) ignored.push(["keepalive_pool", "the platform keeps connections"]);
  return ignored;
}
