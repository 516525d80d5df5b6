import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";

/**
 * How the edge reaches a node. `fetch` sends the URL's own Host and nothing else, and cannot reach a bare
 * IP address on Cloudflare; everything else needs a socket and our own HTTP/1.1. A private address is
 * reached through the private network where one is bound.
 */
export interface DialPlan {
  readonly via: "fetch" | "socket";
  readonly node: NodeAddress;
  readonly isByPrivateNetwork: boolean;
  /** The Host header to send. */
  readonly host: string;
}

/** What does not depend on the request; once for a node. */
export interface NodeAddress {
  readonly scheme: "http" | "https";
  /** As `connect` wants it: an IPv6 address in brackets. */
  readonly hostname: string;
  readonly port: number;
  /** As a Host header names it: without the scheme's own port. */
  readonly authority: string;
  /** `http://authority`, as a URL writes it. */
  readonly origin: string;
  readonly isIp: boolean;
  /** Not reachable from Cloudflare without a private network. */
  readonly isPrivate: boolean;
}

/** What a request wants of its dial plan. */
export interface Wanted {
  /** The client's own Host header. */
  readonly clientHost: string;
  /** Path and query, which must arrive as they are. */
  readonly target: string;
  /** False: there is something that `fetch` would refuse to send. */
  readonly fetchMaySend: boolean;
}

const STANDARD_PORTS = { http: 80, https: 443 } as const;

export type DialPlanner = (upstream: Upstream, node: UpstreamNode, wanted: Wanted) => DialPlan;

export function createDialPlanner(hasPrivateNetwork: boolean): DialPlanner {
  // Nodes are values of one snapshot: a changed node is another object.
  const addresses = new WeakMap<UpstreamNode, NodeAddress>();
  return (upstream, node, wanted) => {
    let address = addresses.get(node);
    if (!address) {
      address = nodeAddress(upstream.scheme, node);
      addresses.set(node, address);
    }
    const host = wantedHost(upstream, address.authority, wanted.clientHost);
    const isByPrivateNetwork = address.isPrivate && hasPrivateNetwork;
    const isReachable = !address.isIp || isByPrivateNetwork;
    const byFetch =
      wanted.fetchMaySend &&
      isReachable &&
      host.toLowerCase() === address.authority.toLowerCase() &&
      isKeptByUrl(address.origin, wanted.target);
    return { via: byFetch ? "fetch" : "socket", node: address, isByPrivateNetwork, host };
  };
}

export function nodeAddress(upstreamScheme: string, { host, port }: UpstreamNode): NodeAddress {
  const scheme = upstreamScheme === "https" ? "https" : "http";
  const standard = STANDARD_PORTS[scheme];
  const dialled = port ?? standard;
  const authority = dialled === standard ? host : `${host}:${dialled}`;
  return {
    scheme,
    hostname: host,
    port: dialled,
    authority,
    origin: `${scheme}://${authority.toLowerCase()}`,
    isIp: isIp(host),
    isPrivate: isPrivate(host),
  };
}

function wantedHost(upstream: Upstream, authority: string, clientHost: string): string {
  if (upstream.pass_host === "node") return authority;
  if (upstream.pass_host === "rewrite") return upstream.upstream_host ?? authority;
  return clientHost;
}

/** Nothing in it that a URL would write in another way, but for dots; most targets, told without parsing. */
const PLAIN_TARGET = /^\/[\w\-.~!$&()*+,;=:@/]*(?:\?[\w\-.~!$&()*+,;=:@/?%]*)?$/;

/** A URL would resolve `/a/../b`, drop a `#` and encode some characters; APISIX sends them as they are. */
function isKeptByUrl(origin: string, target: string): boolean {
  if (PLAIN_TARGET.test(target) && !target.includes("/.")) return true;
  const url = origin + target;
  return !target.includes("#") && URL.canParse(url) && new URL(url).href === url;
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

function isIp(host: string): boolean {
  return host.startsWith("[") || IPV4.test(host);
}

/** Addresses of private networks (RFC 1918, 6598, 4193, 3927). Loopback is this machine's own. */
function isPrivate(host: string): boolean {
  if (host.startsWith("[")) return /^\[(f[cd]|fe[89ab])/i.test(host);
  if (!IPV4.test(host)) return false;
  const [a = 0, b = 0] = host.split(".").map(Number);
  if (a === 172) return b >= 16 && b <= 31;
  if (a === 100) return b >= 64 && b <= 127;
  return a === 10 || (a === 192 && b === 168) || (a === 169 && b === 254);
}
