import { isIPv6 } from "node:net";
import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { isObject, type JsonObject, luaText } from "../../../shared/json-schema/lua-value.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { upstream as upstreamSchema } from "../../../shared/plugins/schemas/upstream.ts";
import { certificateFault } from "./check-certificate.ts";
import type { Lookups } from "./lookups.ts";

/** What is wrong with an upstream, stand-alone or inline; the whole message. Fills in defaults in place. */
export async function upstreamFault(
  upstream: JsonObject,
  lookups: Lookups | undefined,
): Promise<string | undefined> {
  const schema = checkSchema(upstreamSchema, upstream);
  if (schema !== undefined) return `invalid configuration: ${schema.words}`;
  return (
    nodesFault(upstream.nodes) ??
    (await clientCertificateFault(upstream.tls, lookups)) ??
    hostFault(upstream) ??
    tlsFault(upstream.tls) ??
    hashKeyFault(upstream)
  );
}

/** The schema knows no ports in names, and lets colons stand anywhere in a host. */
function nodesFault(nodes: unknown): string | undefined {
  if (Array.isArray(nodes)) {
    const bare = nodes.some((node) => isObject(node) && isIPv6(luaText(node.host)));
    return bare
      ? "invalid configuration: IPv6 address must be enclosed with '[' and ']'"
      : undefined;
  }
  for (const address of Object.keys(isObject(nodes) ? nodes : {})) {
    const port = portOf(address);
    if (port !== undefined && (port < 1 || port > 65_535)) return `invalid port ${port}`;
  }
  return undefined;
}

/** APISIX's reading of `host:port`: two colons before any dot are an IPv6 address. */
function portOf(address: string): number | undefined {
  const bracket = /^\[[^\]]*\](?::(\d+))?/.exec(address);
  if (bracket) return bracket[1] === undefined ? undefined : Number(bracket[1]);
  if (/^[^.:]*:[^.:]*:/.test(address)) return undefined;
  const text = /:(\d+)$/.exec(address)?.[1];
  return text === undefined ? undefined : Number(text);
}

/** The certificate that the gateway shows to the upstream may be kept as an ssl of type client. */
async function clientCertificateFault(tls: unknown, lookups: Lookups | undefined) {
  const id = isObject(tls) ? tls.client_cert_id : undefined;
  if (id === undefined || lookups === undefined) return undefined;
  const ssl = await lookups.get("ssls", luaText(id));
  const failed = `failed to fetch ssl info by ssl id [${id}]`;
  if (ssl === undefined) return `${failed}, response code: 404`;
  return ssl.type === "client" ? undefined : `${failed}, wrong ssl type`;
}

function hostFault({ pass_host, upstream_host }: JsonObject): string | undefined {
  const isMissing = upstream_host === undefined || upstream_host === "";
  return pass_host === "rewrite" && isMissing
    ? "`upstream_host` can't be empty when `pass_host` is `rewrite`"
    : undefined;
}

function tlsFault(tls: unknown): string | undefined {
  return isObject(tls) && tls.client_cert !== undefined
    ? certificateFault(tls.client_cert, tls.client_key)
    : undefined;
}

const VARIABLES = [
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
const NAME: JsonSchema = { type: "string", pattern: "^[a-zA-Z0-9-_]+$" };

/** By what is hashed; what is not here takes any key. The range `A-z` is APISIX's own. */
const HASH_KEYS: ReadonlyMap<unknown, JsonSchema> = new Map([
  ["vars", { type: "string", pattern: `^((${VARIABLES.join("|")})|arg_[0-9a-zA-z_-]+)$` }],
  ["header", NAME],
  ["cookie", NAME],
]);

function hashKeyFault({ type, hash_on, key }: JsonObject): string | undefined {
  if (type !== "chash" || hash_on === "consumer") return undefined;
  if (key === undefined) return "missing key";
  const schema = HASH_KEYS.get(hash_on);
  const fault = schema && checkSchema(schema, key);
  return fault && `invalid configuration: ${fault.words}`;
}
