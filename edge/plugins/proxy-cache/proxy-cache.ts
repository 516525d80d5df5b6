import { variableText } from "../../../shared/expression/template.ts";
import type { Variables } from "../../../shared/expression/variables.ts";
import type { Exchange } from "../exchange.ts";
import { definePlugin } from "../plugin.ts";
import { AnswerCache, type CachePolicy, tell } from "./answer-cache.ts";
import { senderIdentity } from "./sender-identity.ts";

interface ProxyCacheConfiguration {
  readonly cache_strategy: "disk" | "memory";
  readonly cache_zone: string;
  readonly cache_key: readonly string[];
  readonly cache_http_status: readonly number[];
  readonly cache_method: readonly string[];
  readonly cache_ttl: number;
  readonly cache_control: boolean;
  readonly cache_set_cookie: boolean;
  readonly cache_bypass?: readonly string[];
  readonly no_cache?: readonly string[];
  readonly consumer_isolation: boolean;
  readonly hide_cache_headers: boolean;
  readonly max_resp_body_size: number;
}

/** In a key they tell senders apart by themselves. */
const IDENTITIES = ["$consumer_name", "$consumer_group_id", "$remote_user", "$http_authorization"];

/**
 * Answers of the upstream, kept in the Cache API. Both strategies are that; of the two only `disk` goes by
 * what the upstream says of how long, as nginx's own cache does (reference 8.6).
 */
export const proxyCache = definePlugin<ProxyCacheConfiguration>((deps) => ({
  build(configuration) {
    const { cache_strategy: strategy, cache_method: methods, no_cache: noCache } = configuration;
    const cache = new AnswerCache(policyOf(configuration), deps);
    const isUnwanted = (exchange: Exchange) => holds(noCache, exchange.variables);
    return {
      async access(exchange) {
        // What lies in the request's body must be asked for now, or it cannot be read any more.
        isUnwanted(exchange);
        const isBypassed = holds(configuration.cache_bypass, exchange.variables);
        const key = keyOf(configuration, exchange);
        // As it came: a plugin that rewrites it does not change what the client asked for.
        const { method } = exchange.request;
        if (method === "PURGE") return cache.purge(key);
        if (!methods.includes(method)) tell(exchange, "MISS");
        else if (!isBypassed) return cache.lookUp(exchange, key);
        else if (strategy === "disk") cache.renew(exchange, key);
        else tell(exchange, "BYPASS");
        return undefined;
      },
      headerFilter: (exchange, answer) =>
        cache.headerFilter(exchange, answer, () => isUnwanted(exchange)),
      bodyFilter: (exchange, answer) => cache.bodyFilter(exchange, answer),
    };
  },
}));

function policyOf(configuration: ProxyCacheConfiguration): CachePolicy {
  const isDisk = configuration.cache_strategy === "disk";
  const obeysClient = configuration.cache_control ? "client" : "neither";
  return {
    statuses: configuration.cache_http_status,
    ttl: configuration.cache_ttl,
    storesCookies: configuration.cache_set_cookie,
    hidesHeaders: configuration.hide_cache_headers,
    obeys: isDisk ? "upstream" : obeysClient,
    maxBytes: configuration.max_resp_body_size,
  };
}

/** Parts of a key never run into one another, as they do in APISIX: `a`, `bc` is not `ab`, `c`. */
function keyOf(configuration: ProxyCacheConfiguration, exchange: Exchange): string {
  const { cache_strategy: strategy, cache_zone: zone, cache_key: key } = configuration;
  const isIsolated =
    configuration.consumer_isolation && !key.some((part) => IDENTITIES.includes(part));
  const identity = isIsolated ? senderIdentity(exchange) : [];
  const parts = key.map((part) => textOf(part, exchange.variables));
  return JSON.stringify([strategy, zone, identity, parts]);
}

function holds(parts: readonly string[] | undefined, variables: Variables): boolean {
  const value = parts?.map((part) => textOf(part, variables)).join("") ?? "";
  return value !== "" && value !== "0";
}

function textOf(part: string, variables: Variables): string {
  if (!part.startsWith("$")) return part;
  const value = variables.get(part.slice(1));
  return value === undefined ? "" : variableText(value);
}
