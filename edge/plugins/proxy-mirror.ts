import type { Upstream } from "../../shared/resources/upstream.ts";
import { escapePath } from "../../shared/routing/escape-uri.ts";
import { GatewayError } from "../errors.ts";
import type { Destination } from "../snapshot/destination.ts";
import { addressFor } from "../upstream/dial-plan.ts";
import type { Exchange } from "./exchange.ts";
import { ConfigurationRefused, definePlugin, type PluginDeps } from "./plugin.ts";

interface ProxyMirrorConfiguration {
  /** `http://shadow.test:8080` */
  readonly host: string;
  readonly path?: string;
  readonly path_concat_mode: "replace" | "prefix";
  /** Of requests. */
  readonly sample_ratio: number;
}

/** What is copied has to be in memory; of bodies beyond this no copy is sent. */
const MOST_BYTES = 16 * 1024 * 1024;

/** `proxy-mirror`: a copy of requests to somewhere else, whose answers nobody sees (reference 8.4). */
export const proxyMirror = definePlugin<ProxyMirrorConfiguration>((deps) => ({
  build(configuration, site) {
    const { sample_ratio: ratio } = configuration;
    const key = `${site.definedBy}/proxy-mirror`;
    const shadow = site.inlineUpstream(key, upstreamOf(configuration.host));
    if (shadow instanceof GatewayError) throw new ConfigurationRefused(shadow.message);
    const drawn = new WeakSet<Exchange>();
    return {
      rewrite(exchange) {
        if (ratio === 1 || deps.random() < ratio) drawn.add(exchange);
        return undefined;
      },
      async beforeProxy(exchange) {
        const { destination } = exchange;
        if (!drawn.has(exchange) || !destination) return undefined;
        const body = await exchange.readBody(MOST_BYTES);
        if (body === "too long") deps.log("proxy-mirror: a body was too long to be copied");
        else {
          const sent = send(exchange, { shadow, destination, body, configuration }, deps);
          exchange.waitUntil(sent);
        }
        return undefined;
      },
    };
  },
}));

interface Copy {
  readonly shadow: Destination;
  /** Of the request itself. */
  readonly destination: Destination;
  readonly body: Uint8Array;
  readonly configuration: ProxyMirrorConfiguration;
}

async function send(
  exchange: Exchange,
  { shadow, destination, body, configuration }: Copy,
  { log, proxy }: PluginDeps,
): Promise<void> {
  const head = {
    method: exchange.method,
    headers: new Headers(exchange.headers),
    host: hostOf(exchange, destination.upstream),
    isCopy: true,
  };
  try {
    const answer = await proxy(exchange.request, {
      ...shadow,
      head,
      timeout: undefined,
      enableWebsocket: false,
      client: exchange.client,
      variables: exchange.variables,
      rawTarget: targetOf(exchange, configuration),
      waitUntil: exchange.waitUntil,
      ahead: body,
    });
    await answer.body?.cancel();
  } catch (error) {
    log(`proxy-mirror: ${error instanceof Error ? error.message : error}`);
  }
}

/** APISIX sends the decoded path where no plugin has made one, and fails where that has a space. */
function targetOf(exchange: Exchange, { path, path_concat_mode: mode }: ProxyMirrorConfiguration) {
  const args = exchange.args === "" ? "" : `?${exchange.args}`;
  if (path !== undefined && mode === "replace") return `${path}${args}`;
  const own = exchange.isRewritten ? exchange.target : `${escapePath(exchange.uri)}${args}`;
  return `${path ?? ""}${own}`;
}

/** The Host that the request itself goes out with; of several nodes, the first one's. */
function hostOf({ client, upstreamHost }: Exchange, upstream: Upstream): string {
  const own = upstreamHost ?? client.hostHeader;
  if (upstream.pass_host === "rewrite") return upstream.upstream_host ?? own;
  const [node] = upstream.nodes;
  if (upstream.pass_host !== "node" || !node) return own;
  return addressFor(upstream.scheme, node).authority;
}

const HOST = /^(\w+):\/\/(\[[^\]]+\]|[^:]+)(?::(\d+))?$/;

function upstreamOf(text: string): Upstream {
  const [, scheme = "", host = "", port] = HOST.exec(text) ?? [];
  const node = { host, weight: 1, priority: 0 };
  return {
    nodes: [port === undefined ? node : { ...node, port: Number(port) }],
    type: "roundrobin",
    hash_on: "vars",
    scheme,
    pass_host: "pass",
    retries: 0,
  };
}
