import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import type { Fault } from "./schema-check.ts";

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
      if (!parsed) {
        const wanted = "host:port with a port from 1 to 65535";
        return { path: `nodes.${address}`, found: JSON.stringify(address), wanted };
      }
      nodes.push({ ...parsed, weight, priority: 0 });
    }
  }
  return { ...raw, nodes };
}

const CHASH_VARS =
  /^(uri|server_name|server_addr|request_uri|remote_port|remote_addr|query_string|host|hostname|mqtt_client_id|arg_[^\s]+)$/;

/** Rules that APISIX's data plane has for stand-alone upstreams only. */
export function checkHashKey(upstream: Upstream): Fault | undefined {
  if (upstream.type !== "chash" || upstream.hash_on === "consumer") return undefined;
  const { key } = upstream;
  if (key === undefined) {
    return { path: "key", found: "nothing", wanted: `a key, since hash_on is ${upstream.hash_on}` };
  }
  const fits = {
    vars: CHASH_VARS,
    header: /^[a-zA-Z0-9\-_]+$/,
    cookie: /^[a-zA-Z0-9\-_]+$/,
  }[upstream.hash_on];
  if (fits && !fits.test(key)) {
    return { path: "key", found: JSON.stringify(key), wanted: `text that fits ${fits.source}` };
  }
  return undefined;
}

/** APISIX's reading of a key of `nodes`: the last colon divides, unless the whole is an IPv6 address. */
function parseAddress(address: string): Pick<UpstreamNode, "host" | "port"> | undefined {
  const v6 = /^(\[[^\]]+\])(?::(\d+))?$/.exec(address);
  if (v6) return withPort(v6[1] as string, v6[2]);
  if (/^[^.]*:[^.]*:/.test(address)) return { host: bracketed(address) };
  const colon = address.lastIndexOf(":");
  if (colon < 0) return address === "" ? undefined : { host: address };
  const [host, port] = [address.slice(0, colon), address.slice(colon + 1)];
  return host !== "" && /^\d+$/.test(port) ? withPort(host, port) : undefined;
}

function withPort(host: string, text: string | undefined) {
  if (text === undefined) return { host };
  const port = Number(text);
  return port >= 1 && port <= 65535 ? { host, port } : undefined;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
