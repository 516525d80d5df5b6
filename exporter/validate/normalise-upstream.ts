import { normaliseNodes, type RawNodes } from "../../shared/resources/normalise-nodes.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { describe } from "./describe.ts";
import type { Fault } from "./fault.ts";

/** An upstream as the schema let it through. */
export type RawUpstream = Omit<Upstream, "nodes"> & { readonly nodes?: RawNodes };

/** The upstream with its nodes as an array, or what is wrong that the schema cannot say. */
export function normaliseUpstream(raw: RawUpstream): Upstream | Fault {
  if (raw.pass_host === "rewrite" && !raw.upstream_host) {
    const wanted = "a host, since pass_host is rewrite";
    return { path: "upstream_host", found: "nothing", wanted };
  }
  const nodes = normaliseNodes(raw.nodes ?? []);
  return "noAddress" in nodes ? notAnAddress(nodes.noAddress) : { ...raw, nodes };
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

function notAnAddress(address: string): Fault {
  const path = "nodes";
  const wanted = "host:port or host, with a port from 1 to 65535 and IPv6 addresses in brackets";
  return { path, found: describe(address), wanted };
}
