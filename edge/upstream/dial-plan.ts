import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";

/**
 * How the edge reaches a node. `fetch` sends the URL's own Host and nothing else, and cannot reach a bare
 * IP address on Cloudflare; everything else needs a socket and our own HTTP/1.1.
 */
export interface DialPlan {
  readonly via: "fetch" | "socket";
  readonly scheme: "http" | "https";
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The Host header to send. */
  readonly host: string;
  /** `http://host:port`, for fetch. */
  readonly origin: string;
}

const STANDARD_PORTS = { http: 80, https: 443 } as const;

/** `clientHost` is the client's own Host header. */
export function planDial(upstream: Upstream, node: UpstreamNode, clientHost: string): DialPlan {
  const scheme = upstream.scheme === "https" ? "https" : "http";
  const standard = STANDARD_PORTS[scheme];
  const port = node.port ?? standard;
  const authority = port === standard ? node.host : `${node.host}:${port}`;
  const host = wantedHost(upstream, authority, clientHost);
  const hostname = node.host.replace(/^\[|\]$/g, "");
  const byFetch = !isAddress(hostname) && host.toLowerCase() === authority.toLowerCase();
  const origin = `${scheme}://${authority}`;
  return { via: byFetch ? "fetch" : "socket", scheme, hostname, port, host, origin };
}

function wantedHost(upstream: Upstream, authority: string, clientHost: string): string {
  if (upstream.pass_host === "node") return authority;
  if (upstream.pass_host === "rewrite") return upstream.upstream_host ?? authority;
  return clientHost;
}

function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(hostname);
}
