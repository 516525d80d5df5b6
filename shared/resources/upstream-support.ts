import { certificateKey, type Reach } from "./reach.ts";
import { parseDnsServiceName } from "./service-name.ts";
import type { Upstream } from "./upstream.ts";

const BALANCERS = new Set(["roundrobin"]);

/** Why the edge cannot use this upstream, and what a person can do. */
export interface Refusal {
  /** Path in the upstream, e.g. `type`. */
  readonly path: string;
  readonly reason: string;
  readonly remedy: string;
}

/**
 * The first reason for which requests to this upstream are answered with 503; undefined: none. `holder` is
 * the key below the prefix of the resource that holds it.
 */
export function upstreamRefusal(
  upstream: Upstream,
  holder: string,
  reach: Reach,
): Refusal | undefined {
  const undiscovered = discoveryRefusal(upstream);
  if (undiscovered) return undiscovered;
  if (!BALANCERS.has(upstream.type)) {
    return {
      path: "type",
      reason: `the balancer ${upstream.type} is not served yet`,
      remedy: "use roundrobin",
    };
  }
  return schemeRefusal(upstream, holder, reach) ?? certificateRefusal(upstream, holder, reach);
}

/** DNS is asked by the exporter, which publishes the nodes; nothing is discovered at the edge. */
function discoveryRefusal(upstream: Upstream): Refusal | undefined {
  const { service_name: service, discovery_type: by } = upstream;
  if (service === undefined) return undefined;
  if (by !== "dns") {
    return {
      path: "discovery_type",
      reason: `service discovery by ${by} runs neither in the exporter nor at the edge`,
      remedy: "use discovery_type dns, list the nodes, or keep them in etcd by a controller",
    };
  }
  if (parseDnsServiceName(service)) return undefined;
  return {
    path: "service_name",
    reason: `DNS cannot be asked for ${JSON.stringify(service)}`,
    remedy: "give a name such as orders.internal or orders.internal:8080",
  };
}

/** Why what speaks no HTTP is out of reach, whatever is bound. */
const NEVER_CARRIED: ReadonlyMap<string, string> = new Map([
  ["tcp", "a gateway of HTTP requests has no stream to pass on"],
  ["tls", "a gateway of HTTP requests has no stream to pass on"],
  ["udp", "a Worker cannot send datagrams"],
  ["kafka", "Kafka's protocol is not HTTP, and no binding of a Worker carries it"],
]);

function schemeRefusal(upstream: Upstream, holder: string, reach: Reach): Refusal | undefined {
  const { scheme } = upstream;
  const never = NEVER_CARRIED.get(scheme);
  if (never !== undefined) {
    const reason = `an upstream of scheme ${scheme} is not reached: ${never}`;
    return { path: "scheme", reason, remedy: "use http or https" };
  }
  if (scheme === "http" || scheme === "https") return undefined;
  if (reach.carries(holder) || reach.carries(scheme)) return undefined;
  return {
    path: "scheme",
    reason: `a Worker speaks ${scheme} only through a binding that carries it`,
    remedy: bindingRemedy([holder, scheme]),
  };
}

/** Only these have somebody to present a certificate to. */
const TLS_SCHEMES = new Set(["https", "grpcs"]);

function certificateRefusal(upstream: Upstream, holder: string, reach: Reach): Refusal | undefined {
  if (!hasCertificate(upstream) || !TLS_SCHEMES.has(upstream.scheme)) return undefined;
  const id = upstream.tls?.client_cert_id;
  const keys = id === undefined ? [holder] : [holder, certificateKey(id)];
  if (keys.some((key) => reach.carries(key))) return undefined;
  return {
    path: "tls",
    reason: "a Worker presents a client certificate only by an mTLS certificate binding",
    remedy: bindingRemedy(keys),
  };
}

function hasCertificate({ tls }: Upstream): boolean {
  return tls?.client_cert !== undefined || tls?.client_cert_id !== undefined;
}

function bindingRemedy(keys: readonly string[]): string {
  const key = keys.map((each) => JSON.stringify(each)).join(" or ");
  return (
    `name a binding for ${key} in the edge's UPSTREAM_BINDINGS, and the same key in the ` +
    "exporter's EDGE_UPSTREAM_BINDINGS"
  );
}

/** Fields without effect at the edge, as path and reason. */
export function upstreamIgnored(upstream: Upstream): readonly (readonly [string, string])[] {
  const ignored: [string, string][] = [];
  if (upstream.checks)
    ignored.push(["checks", "health checks do not run yet; failures are retried"]);
  if (upstream.keepalive_pool) ignored.push(["keepalive_pool", "the platform keeps connections"]);
  if (hasCertificate(upstream) && !TLS_SCHEMES.has(upstream.scheme)) {
    ignored.push(["tls", `a client certificate has no use with scheme ${upstream.scheme}`]);
  }
  return ignored;
}
