import { isJsonObject } from "../../shared/json-object.ts";
import { firstValues, parseForm } from "../../shared/request/form.ts";
import { graphqlDefinitions } from "../../shared/request/graphql.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import type { Exchange } from "./exchange.ts";
import { type Exit, exitWith } from "./exit.ts";
import { definePlugin, type PluginDeps, type PluginSite } from "./plugin.ts";
import { AnswerCache, tell } from "./proxy-cache/answer-cache.ts";
import { senderIdentity } from "./proxy-cache/sender-identity.ts";

interface GraphqlProxyCacheConfiguration {
  readonly cache_strategy: "disk" | "memory";
  readonly cache_zone: string;
  readonly cache_ttl: number;
  readonly cache_set_cookie: boolean;
  readonly consumer_isolation: boolean;
}

/** APISIX's own limits. */
const MOST_REQUEST_BYTES = 1024 * 1024;
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
const PURGE_PATH = "/apisix/plugin/graphql-proxy-cache/";

/** Answers to GraphQL queries, kept by what was asked; mutations go past it. */
export const graphqlProxyCache = definePlugin<GraphqlProxyCacheConfiguration>((deps) => ({
  build(configuration, site) {
    const { cache_strategy: strategy } = configuration;
    const cache = answerCacheOf(configuration, deps);
    return {
      async access(exchange) {
        const { method } = exchange.request;
        if (method !== "GET" && method !== "POST") return { status: 405 };
        const asked = method === "GET" ? exchange.args : await bodyText(exchange);
        if (!asked) return invalid("cant't get graphql request body");
        const query = method === "GET" ? queryInArgs(asked) : queryInBody(exchange, asked);
        if (query === undefined) return invalid("no query");
        const definitions = typeof query === "string" ? graphqlDefinitions(query) : undefined;
        if (!definitions) return invalid("failed to parse graphql query");
        if (definitions.some(({ operation }) => operation === "mutation")) {
          tell(exchange, "BYPASS");
          return undefined;
        }
        const id = await cacheKeyOf(exchange, asked, configuration, site);
        exchange.answerHeaders.set("apisix-cache-key", id);
        return cache.lookUp(exchange, keyOf(strategy, exchange.route?.id ?? "", id));
      },
      headerFilter: (exchange, answer) => cache.headerFilter(exchange, answer, () => false),
      bodyFilter: (exchange, answer) => cache.bodyFilter(exchange, answer),
    };
  },
  apis: [
    {
      methods: ["PURGE"],
      uri: `${PURGE_PATH}*`,
      async handle({ uri }) {
        const [strategy = "", route = "", id = ""] = uri.slice(PURGE_PATH.length).split("/");
        const isGone = await deps.responseCache.delete(keyOf(strategy, route, id));
        return { status: isGone ? 200 : 404 };
      },
    },
  ],
}));

function answerCacheOf(
  configuration: GraphqlProxyCacheConfiguration,
  deps: PluginDeps,
): AnswerCache {
  const policy = {
    statuses: [200],
    ttl: configuration.cache_ttl,
    storesCookies: configuration.cache_set_cookie,
    hidesHeaders: false,
    obeys: configuration.cache_strategy === "disk" ? "upstream" : "neither",
    maxBytes: MOST_ANSWER_BYTES,
  } as const;
  return new AnswerCache(policy, deps);
}

function invalid(reason: string): Exit {
  return exitWith(400, `Invalid graphql request: ${reason}`);
}

/** Undefined where it is too long, or no text: two bodies must never be taken for the same one. */
async function bodyText(exchange: Exchange): Promise<string | undefined> {
  const bytes = await exchange.readBody(MOST_REQUEST_BYTES);
  if (bytes === "too long") return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function queryInArgs(args: string): unknown {
  return firstValues(parseForm(args)).get("query");
}

function queryInBody(exchange: Exchange, body: string): unknown {
  const type = exchange.header("content-type");
  if (type === "application/graphql") return body.includes("query") ? body : undefined;
  if (type !== "application/json") return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? (value.query ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

/** What the client may purge by; another configuration, place or sender is another one. */
function cacheKeyOf(
  exchange: Exchange,
  asked: string,
  configuration: GraphqlProxyCacheConfiguration,
  { definedBy }: PluginSite,
): Promise<string> {
  const identity = configuration.consumer_isolation ? senderIdentity(exchange) : [];
  const host = exchange.variables.get("host");
  const { id, serviceId } = exchange.route ?? {};
  const parts = [definedBy, configuration, host, id, serviceId, identity, asked];
  return sha256Hex(new TextEncoder().encode(JSON.stringify(parts)));
}

function keyOf(strategy: string, route: string, id: string): string {
  return JSON.stringify(["graphql", strategy, route, id]);
}
