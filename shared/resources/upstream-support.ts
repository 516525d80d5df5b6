import { isLeftToEdge, malformedHeaders } from "../health/active-check.ts";
import { certificateKey, type Reach } from "./reach.ts";
import { parseDnsServiceName } from "./service-name.ts";
import type { Upstream } from "./upstream.ts";

const BALANCERS = ["roundrobin", "chash", "ewma", "least_conn"];

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
  if (hasCertificate(upstream) && !TLS_SCHEMES.has(upstream.scheme)) {
    ignored.push(["tls", `a client certificate has no use with scheme ${upstream.scheme}`]);
  }
  // With a certificate it is the default that says so, and a binding that decides.
  const isWritten = upstream.tls?.verify === false && !hasCertificate(upstream);
  if (isWritten && TLS_SCHEMES.has(upstream.scheme)) {
    const reason = "a Worker always verifies the node's certificate; APISIX never does";
    const remedy = "have it signed by a public authority, or bind a VPC service that verifies none";
    ignored.push(["tls.verify", reason, remedy]);
  }
  if (upstream.discovery_args) ignored.push(["discovery_args", "they are for nacos only"]);
  if (upstream.nodes.some(({ metadata }) => metadata))
    ignored.push(["nodes", "their metadata is read by nothing"]);
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
