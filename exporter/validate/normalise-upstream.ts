import { isIPv6 } from "node:net";
import { HOST_PATTERN } from "../../shared/resources/common.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { describe } from "./describe.ts";
import type { Fault } from "./fault.ts";

/** An upstream as the schema let it through. */
export type RawUpstream = Omit<Upstream, "nodes"> & {
  readonly nodes?: Readonly<Record<string, number>> | readonly RawNode[];
};

type RawNode = Omit<UpstreamNode, "priority"> & { readonly priority?: number };

/** The upstream with its nodes as an array, or what is wrong that the schema cannot say. */
export function normaliseUpstream(raw: RawUpstream): Upstream | Fault {
  if (raw.pass_host === "rewrite" && !raw.upstream_host) {
    const wanted = "a host, since pass_host is rewrite";
    return { path: "upstream_host", found: "nothing", wanted };
  }
  const nodes: UpstreamNode[] = [];
  if (Array.isArray(raw.nodes)) {
    for (const node of raw.nodes as readonly RawNode[]) {
      nodes.push({ ...node, host: bracketed(node.host), priority: node.priority ?? 0 });
    }
  } else {
    for (const [address, weight] of Object.entries(raw.nodes ?? {})) {
      const parsed = parseAddress(address);
      if (!parsed) return notAnAddress(address);
      nodes.push({ ...parsed, weight, priority: 0 });
    }
  }
  return { ...raw, nodes };
}

const HASH_VARS = [
  "uri",
  "server_name",
  "server_addr",
  "request_uri",
  "remote_port",
  "remote_addr",
  "query_string",
  "host",
  "hostname",
  "mqtt_client_id",
];
const NAMES = { fits: /^[a-zA-Z0-9\-_]+$/, wanted: "letters, digits, hyphens and underscores" };

/** By what is hashed, which keys name such a thing. APISIX's range `A-z` takes a few signs in as well. */
const HASH_KEYS: ReadonlyMap<string, { readonly fits: RegExp; readonly wanted: string }> = new Map([
  [
    "vars",
    {
      fits: new RegExp(`^(${HASH_VARS.join("|")}|arg_[0-9a-zA-z_-]+)$`),
      wanted: `one of ${HASH_VARS.join(", ")}, arg_<name>`,
    },
  ],
  ["header", NAMES],
  ["cookie", NAMES],
]);

/** Rules that APISIX's data plane has for stand-alone upstreams only. */
export function checkHashKey(upstream: Upstream): Fault | undefined {
  if (upstream.type !== "chash" || upstream.hash_on === "consumer") return undefined;
  const { key } = upstream;
  if (key === undefined) {
    return { path: "key", found: "nothing", wanted: `a key, since hash_on is ${upstream.hash_on}` };
  }
  const rule = HASH_KEYS.get(upstream.hash_on);
  if (!rule || rule.fits.test(key)) return undefined;
  return { path: "key", found: describe(key), wanted: rule.wanted };
}

/** APISIX's reading of a key of `nodes`: the last colon divides, unless the whole is an IPv6 address. */
function parseAddress(address: string): Pick<UpstreamNode, "host" | "port"> | undefined {
  const v6 = /^\[([^\]]+)\](?::(\d+))?$/.exec(address);
  if (v6) return isIPv6(v6[1] as string) ? withPort(`[${v6[1]}]`, v6[2]) : undefined;
  // Two colons before any dot.
  if (/^[^.:]*:[^.:]*:/.test(address)) {
    return isIPv6(address) ? { host: bracketed(address) } : undefined;
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
  return isIPv6(host) ? `[${host}]` : host;
}

function notAnAddress(address: string): Fault {
  const path = "nodes";
  const wanted = "host:port or host, with a port from 1 to 65535 and IPv6 addresses in brackets";
  return { path, found: describe(address), wanted };
}
