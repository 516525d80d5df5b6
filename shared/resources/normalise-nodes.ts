import { isIpv6Address } from "../routing/ip-ranges.ts";
import { HOST_PATTERN } from "./host-pattern.ts";
import type { UpstreamNode } from "./upstream.ts";

/** Nodes as the schema lets them through: weights by address, or a list. */
export type RawNodes = Readonly<Record<string, number>> | readonly RawNode[];

type RawNode = Omit<UpstreamNode, "priority"> & { readonly priority?: number };

/** A key of `nodes` that names no address. */
export interface NoAddress {
  readonly noAddress: string;
}

/** The nodes as a list, as everything that balances takes them. */
export function normaliseNodes(raw: RawNodes): readonly UpstreamNode[] | NoAddress {
  if (isList(raw)) {
    return raw.map((node) => ({
      ...node,
      host: bracketed(node.host),
      priority: node.priority ?? 0,
    }));
  }
  const nodes: UpstreamNode[] = [];
  for (const [address, weight] of Object.entries(raw)) {
    const parsed = parseAddress(address);
    if (!parsed) return { noAddress: address };
    nodes.push({ ...parsed, weight, priority: 0 });
  }
  return nodes;
}

function isList(raw: RawNodes): raw is readonly RawNode[] {
  return Array.isArray(raw);
}

/** APISIX's reading of a key of `nodes`: the last colon divides, unless the whole is an IPv6 address. */
function parseAddress(address: string): Pick<UpstreamNode, "host" | "port"> | undefined {
  const v6 = /^\[([^\]]+)\](?::(\d+))?$/.exec(address);
  if (v6) return isIpv6Address(v6[1] as string) ? withPort(`[${v6[1]}]`, v6[2]) : undefined;
  // Two colons before any dot.
  if (/^[^.:]*:[^.:]*:/.test(address)) {
    return isIpv6Address(address) ? { host: bracketed(address) } : undefined;
  }
  const colon = address.lastIndexOf(":");
  const host = colon < 0 ? address : address.slice(0, colon);
  if (!isHost.test(host) || host.includes(":")) return undefined;
  return withPort(host, colon < 0 ? undefined : address.slice(colon + 1));
}

const isHost = new RegExp(HOST_PATTERN);

function withPort(host: string, text: string | undefined) {
  if (text === undefined) return { host };
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65535 ? { host, port } : undefined;
}

/** As APISIX's data plane does with a bare IPv6 address. */
function bracketed(host: string): string {
  return isIpv6Address(host) ? `[${host}]` : host;
}
