import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { parseIpRanges } from "../../shared/routing/ip-ranges.ts";
import { GatewayError } from "../errors.ts";
import type { UpstreamBinding } from "./upstream-bindings.ts";

/**
 * How the edge reaches a node. `fetch` sends the URL's own Host and nothing else, and cannot reach a bare
 * IP address on Cloudflare; everything else needs a socket and our own HTTP/1.1. A private address is
 * reached through the private network where one is bound, and an upstream for which there is a binding of
 * its own through that, always by `fetch`.
 */
export interface DialPlan {
  readonly via: "fetch" | "socket";
  readonly node: NodeAddress;
  readonly isByPrivateNetwork: boolean;
  readonly binding: UpstreamBinding | undefined;
  /** The Host header to send. */
  readonly host: string;
  /** `scheme://authority` of the URL that `fetch` is given. */
  readonly origin: string;
  /**
   * The name that TLS asks for and verifies: that of the Host, as in APISIX, whose upstreams get it as SNI.
   * Undefined: no TLS.
   */
  readonly serverName: string | undefined;
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
  /** This machine's own; on Cloudflare nothing listens there. */
  readonly isLoopback: boolean;
}

/** What a request wants of its dial plan. */
export interface Wanted {
  /** The client's own Host header. */
  readonly clientHost: string;
  /** Path and query, which must arrive as they are. */
  readonly target: string;
  /** False: there is something that `fetch` would refuse to send. */
  readonly fetchMaySend: boolean;
  /** Carries the requests to this upstream. */
  readonly binding?: UpstreamBinding | undefined;
  /** In place of the upstream's own, where a plugin asks for it. */
  readonly scheme?: "http" | "https" | undefined;
}

const STANDARD_PORTS = { http: 80, https: 443 } as const;
const SECURE_SCHEMES = new Set(["https", "grpcs"]);

/** Throws a `GatewayError` for a request that has no way to any node. */
export type DialPlanner = (upstream: Upstream, node: UpstreamNode, wanted: Wanted) => DialPlan;

export function createDialPlanner(hasPrivateNetwork: boolean): DialPlanner {
  // Nodes are values of one snapshot: a changed node is another object.
  const addresses = new WeakMap<UpstreamNode, NodeAddress>();
  return (upstream, node, wanted) => {
    let address = wanted.scheme === undefined ? addresses.get(node) : undefined;
    if (!address) {
      checkPort(upstream, node, wanted.scheme);
      address = addressFor(wanted.scheme ?? upstream.scheme, node);
      if (wanted.scheme === undefined) addresses.set(node, address);
    }
    const host = wantedHost(upstream, address.authority, wanted.clientHost);
    const serverName = address.scheme === "https" ? nameOf(host) : undefined;
    if (wanted.binding) return carriedPlan(wanted.binding, address, host, serverName, wanted);
    const isByPrivateNetwork = address.isPrivate && hasPrivateNetwork;
    const isReachable = !address.isIp || isByPrivateNetwork;
    const byFetch =
      wanted.fetchMaySend &&
      isReachable &&
      host.toLowerCase() === address.authority.toLowerCase() &&
      isKeptByUrl(address.origin, wanted.target);
    return {
      via: byFetch ? "fetch" : "socket",
      node: address,
      isByPrivateNetwork,
      binding: undefined,
      host,
      origin: address.origin,
      serverName,
    };
  };
}

/** Its port would be that of a scheme that the request does not go by. */
function checkPort(upstream: Upstream, { host, port }: UpstreamNode, scheme?: string): void {
  if (port !== undefined || scheme === undefined || scheme === upstream.scheme) return;
  const reason = `${host} has no port, and the upstream's scheme is not ${scheme}`;
  throw new GatewayError("gateway", 503, reason);
}

/**
 * A binding has only `fetch`, which sends the URL's authority as Host, and asks for its name in TLS. Where
 * the URL names the node, no other Host can be sent: to send the node's own instead would reach another
 * virtual host than the one that APISIX asks for.
 */
function carriedPlan(
  binding: UpstreamBinding,
  node: NodeAddress,
  host: string,
  serverName: string | undefined,
  wanted: Wanted,
): DialPlan {
  const { name, url } = binding;
  if (url === "node" && host.toLowerCase() !== node.authority.toLowerCase()) {
    const reason =
      `the binding ${name} cannot send the Host ${host} to a node of another name; use pass_host ` +
      'node, or a binding that decides itself where it goes, with "url": "host"';
    throw new GatewayError("gateway", 503, reason, { errorMsg: reason });
  }
  const origin =
    url === "node" ? node.origin : `${node.scheme}://${withoutStandardPort(host, node)}`;
  // The client's Host becomes a part of the URL: nothing in it may reach into the path.
  const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin;
  if (!wanted.fetchMaySend || !isOrigin || !isKeptByUrl(origin, wanted.target)) {
    const reason = `the binding ${name} cannot send this request as it is: its Host, path or body`;
    throw new GatewayError("downstream", 400, reason);
  }
  const isByPrivateNetwork = false;
  return { via: "fetch", node, isByPrivateNetwork, binding, host, origin, serverName };
}

/** As a URL writes it. */
function withoutStandardPort(host: string, { scheme }: NodeAddress): string {
  return host.toLowerCase().replace(`:${STANDARD_PORTS[scheme]}`, (port, at: number) => {
    return at + port.length === host.length ? "" : port;
  });
}

export function addressFor(upstreamScheme: string, { host, port }: UpstreamNode): NodeAddress {
  const scheme = SECURE_SCHEMES.has(upstreamScheme) ? "https" : "http";
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
    isPrivate: PRIVATE.has(host),
    isLoopback: LOOPBACK.has(host) || /^(.+\.)?localhost$/i.test(host),
  };
}

function wantedHost(upstream: Upstream, authority: string, clientHost: string): string {
  if (upstream.pass_host === "node") return authority;
  if (upstream.pass_host === "rewrite") return upstream.upstream_host ?? authority;
  return clientHost;
}

/** The Host without its port; an IPv6 address without its brackets. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
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

/** RFC 1918, 6598, 3927, 4193, 4291 2.5.6; each IPv4 network also as IPv6 writes it (4291 2.5.5.2). */
const PRIVATE = parseIpRanges([
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"],
  ...["::ffff:10.0.0.0/104", "::ffff:172.16.0.0/108", "::ffff:192.168.0.0/112"],
  ...["::ffff:100.64.0.0/106", "::ffff:169.254.0.0/112", "fc00::/7", "fe80::/10"],
]);
const LOOPBACK = parseIpRanges(["127.0.0.0/8", "::1", "::ffff:127.0.0.0/104", "0.0.0.0", "::"]);
