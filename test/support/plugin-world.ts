import type { AccessLine } from "../../edge/access-log.ts";
import { createGateway, type GatewayDeps } from "../../edge/gateway.ts";
import { ChainBuilder } from "../../edge/plugins/chain-builder.ts";
import type { OwnPlugin } from "../../edge/plugins/own-plugin.ts";
import type { PluginDeps } from "../../edge/plugins/plugin.ts";
import type { SendUpstream } from "../../edge/upstream/proxy.ts";
import type { ProxyTarget } from "../../edge/upstream/proxy-target.ts";
import { copiedHeaders, sentHeaders } from "../../edge/upstream/request-headers.ts";
import { clientResponseHeaders } from "../../edge/upstream/response-headers.ts";
import { DEFAULT_URI_SETTINGS } from "../../shared/routing/matching-uri.ts";
import { anEdge } from "./edge-world.ts";
import { MemoryResponseCache } from "./memory-response-cache.ts";
import { pluginDeps } from "./plugin-deps.ts";
import { anUpstream, aRoute, makeSnapshot, type World } from "./snapshots.ts";

const SERVER = "APISIX/3.18.0";

/** What an upstream got. */
export interface SeenByUpstream {
  readonly node: string;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly headers: Headers;
  readonly body: string;
}

export interface PluginWorldOptions {
  readonly deps?: Partial<PluginDeps>;
  /** Beside those of the registry. */
  readonly own?: readonly OwnPlugin[];
  readonly resolveSecret?: (reference: string) => string | undefined;
  /** An upstream's answer; by default 200 with its own name. */
  readonly upstream?: (seen: SeenByUpstream) => Response | Promise<Response>;
}

export interface ClientRequest extends RequestInit {
  /** With its port, where it is to have one; `edge.test` if left out. */
  readonly host?: string;
  /** The client's address. */
  readonly from?: string;
  readonly scheme?: "http" | "https";
}

/**
 * The gateway with its plugins over a real snapshot, on a clock that the test sets. Only what is
 * outside answers here: the upstreams, and whatever `deps` say. Runs in workerd.
 */
export function aPluginWorld(options: PluginWorldOptions = {}) {
  const outside = anOutside(options);
  const { publish, request, ...seen } = aWorldsGateway(options, outside);
  return {
    ...seen,
    clock: outside.clock,
    deps: outside.deps,
    /** What plugins wrote to the Worker's log. */
    log: outside.log,
    publish,
    /** One route, `/r` and all below it, with these plugins; its upstream's node is `u.test:80`. */
    serve: (plugins: object, world: World = {}) => {
      const upstream = anUpstream(["u.test:80"]);
      const r = aRoute("r", { uri: "/r*", upstream, plugins });
      return publish({ ...world, routes: { ...world.routes, r } });
    },
    get: (
      path: string,
      { host = "edge.test", from = "192.0.2.1", scheme = "http", ...init }: ClientRequest = {},
    ) => {
      const headers = new Headers(init.headers);
      headers.set("host", host);
      headers.set("cf-connecting-ip", from);
      return request(new Request(`${scheme}://edge.test${path}`, { ...init, headers }));
    },
    /** Waits for log phases, and whatever else requests left to be done. */
    settled: outside.settled,
  };
}

function anOutside(options: PluginWorldOptions) {
  const log: string[] = [];
  const background: Promise<unknown>[] = [];
  const clock = { now: 1_700_000_000_000 };
  const waitUntil = (work: Promise<unknown>) => void background.push(work);
  const gateway: { fetch: (request: Request) => Promise<Response> } = {
    fetch: async () => new Response(null, { status: 501 }),
  };
  const seen: SeenByUpstream[] = [];
  const upstream = options.upstream ?? (({ node }) => new Response(`from ${node}`));
  const proxy = scriptedProxy(upstream, seen);
  const deps = pluginDeps({
    now: () => clock.now,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: (line) => log.push(line),
    server: SERVER,
    responseCache: new MemoryResponseCache(() => clock.now),
    dispatch: (request, { address }) => {
      request.headers.set(SETTINGS.clientIpHeader, address);
      return gateway.fetch(request);
    },
    proxy,
    ...options.deps,
  });
  const settled = async () => {
    while (background.length > 0) await background.pop();
  };
  return { clock, deps, gateway, log, proxy, seen, settled, waitUntil };
}

function aWorldsGateway(options: PluginWorldOptions, outside: ReturnType<typeof anOutside>) {
  const { deps, proxy, seen } = outside;
  const accessLog: AccessLine[] = [];
  const resolveSecret = options.resolveSecret ?? (() => undefined);
  const chains = new ChainBuilder(deps, resolveSecret, options.own);
  const edge = anEdge({ settings: { refreshIntervalMs: 0 }, chains, resolveSecret });
  const { balancers, chunks, freshness, loader, overlays } = edge;
  const app = createGateway({
    ...{ balancers, chunks, freshness, loader, overlays },
    now: deps.now,
    log: deps.log,
    requestId: () => "0".repeat(32),
    proxy,
    accessLog: (line) => accessLog.push(line),
    settings: SETTINGS,
  });
  const context = { waitUntil: outside.waitUntil, passThroughOnException() {}, props: {} };
  const request = (sent: Request) => Promise.resolve(app.fetch(sent, {}, context));
  outside.gateway.fetch = request;
  let generation = 0;
  const publish = async (world: World) => {
    generation += 1;
    edge.source.publish(await makeSnapshot(world, { generation }));
  };
  return {
    /** Requests that reached an upstream, in order. */
    seen,
    accessLog,
    publish,
    request,
  };
}

const SETTINGS: GatewayDeps["settings"] = {
  statusPath: "/snapgate/status",
  statusToken: undefined,
  generationHeader: undefined,
  clientIpHeader: "cf-connecting-ip",
  trustedProxies: undefined,
  maxBodyBytes: 64 * 1024 * 1024,
  listenPort: undefined,
  uri: DEFAULT_URI_SETTINGS,
  serverHeader: SERVER,
};

/** Stands where the edge dials nodes: it picks one as the edge does, and asks the test for its answer. */
function scriptedProxy(
  answer: (seen: SeenByUpstream) => Response | Promise<Response>,
  seen: SeenByUpstream[],
): SendUpstream {
  return async (request, target) => {
    const picked = target.balancer.candidates(target.variables).next().value;
    if (!picked) throw new Error("the balancer offers no node");
    const { client, head } = target;
    const headers = new Headers(head?.headers ?? request.headers);
    const got = {
      node: `${picked.host}:${picked.port}`,
      method: head?.method ?? request.method,
      target: target.rawTarget,
      host: head?.host ?? client.hostHeader,
      headers: head?.isCopy
        ? copiedHeaders(headers, undefined)
        : sentHeaders(headers, client, undefined),
      body: await bodyText(request, target),
    };
    seen.push(got);
    const given = await answer(got);
    const response = new Response(given.body, given);
    clientResponseHeaders(response.headers, response.status, SERVER);
    const { host } = picked;
    target.onAttempt?.({ host, port: picked.port ?? 80, status: response.status, ms: 5 });
    return response;
  };
}

function bodyText(request: Request, { ahead }: ProxyTarget): Promise<string> {
  return ahead === undefined ? request.text() : new Response(ahead).text();
}
