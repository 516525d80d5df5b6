import { isLeftToEdge, malformedHeaders } from "../health/active-check.ts";
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

/** What a person can do is absent where there is nothing to do. */
export type Ignored = readonly [path: string, reason: string, remedy?: string];

/** Fields without effect. */
export function upstreamIgnored(upstream: Upstream): readonly Ignored[] {
  const ignored: Ignored[] = [];
  if (upstream.checks) ignored.push(...checksIgnored(upstream.checks));
  if (isLeftToEdge(upstream) && upstream.checks?.active.https_verify_certificate === false) {
    const reason = "the checks are left to a Worker, which always verifies certificates";
    ignored.push(["checks.active.https_verify_certificate", reason]);
  }
  if (upstream.keepalive_pool) ignored.push(["keepalive_pool", "the platform keeps connections"]);
  if (!BALANCERS.includes(upstream.type) && upstream.nodes.length < 2)
    ignored.push(["type", `there is no balancer ${upstream.type}; an only node needs none`]);
  return ignored;
}

/** As in APISIX, where `checks` alone does not make a probe: its intervals do. */
function checksIgnored(checks: NonNullable<Upstream["checks"]>): readonly Ignored[] {
  const ignored: Ignored[] = [];
  const { active, passive } = checks;
  if (!active.healthy) {
    const reason = "without `healthy` no node that counts as healthy is probed, as in APISIX";
    ignored.push(["checks.active", reason, "add `healthy`, be it empty"]);
  }
  if (!active.unhealthy) {
    const reason = "without `unhealthy` no dead node is probed again, as in APISIX";
    ignored.push(["checks.active", reason, "add `unhealthy`, be it empty"]);
  }
  for (const line of malformedHeaders(active)) {
    const found = JSON.stringify(line.slice(0, 80));
    const reason = `${found} is no "Name: value"; it is not sent`;
    ignored.push(["checks.active.req_headers", reason, "correct it, or take it out"]);
  }
  if (passive?.type !== undefined && passive.type !== "http") {
    ignored.push(["checks.passive.type", "requests are judged alike, whatever it says"]);
  }
  return ignored;
}
