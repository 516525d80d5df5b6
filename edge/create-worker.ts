import { connect } from "cloudflare:sockets";
import { jsonAccessLog } from "./access-log.ts";
import { BalancerPool } from "./balancer/balancer-pool.ts";
import { createGateway } from "./gateway.ts";
import { ActiveVerdicts } from "./health/active-verdicts.ts";
import { r2Overlays } from "./health/overlay-publisher.ts";
import { OverlayReader } from "./health/overlay-reader.ts";
import { createProber } from "./health/prober.ts";
import { ScheduledChecks } from "./health/scheduled-checks.ts";
import { ChainBuilder } from "./plugins/chain-builder.ts";
import type { OwnPlugin } from "./plugins/own-plugin.ts";
import type { PluginDeps } from "./plugins/plugin.ts";
import { SharedCounter } from "./rate-limits/shared-counter.ts";
import { cacheApiResponses } from "./response-cache.ts";
import { createSecretResolver } from "./secrets.ts";
import { type Bindings, isSetting, readSettings, type Settings } from "./settings.ts";
import { ChunkCache } from "./snapshot/chunk-cache.ts";
import { Freshness } from "./snapshot/freshness.ts";
import { Loader } from "./snapshot/loader.ts";
import { ObjectReader } from "./snapshot/object-reader.ts";
import type { SnapshotSource } from "./snapshot/source.ts";
import { cacheApiObjects } from "./snapshot/sources/cached.ts";
import { r2Source } from "./snapshot/sources/r2.ts";
import { s3Source } from "./snapshot/sources/s3.ts";
import { createProxy, type ProxyDeps } from "./upstream/proxy.ts";
import { createServiceFetch } from "./upstream/service-fetch.ts";
import type { Timers } from "./upstream/timers.ts";

const now = () => Date.now();
const random = () => Math.random();
const log = (line: string) => console.log(line);
const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
const requestId = () => crypto.randomUUID().replaceAll("-", "");
const timers: Timers = {
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

function sourcesOf(settings: Settings): SnapshotSource[] {
  const { prefix, r2, s3, secondaryR2, secondaryS3 } = settings;
  return [
    r2 && r2Source("r2", r2, prefix),
    s3 && s3Source("s3", s3, fetch),
    secondaryR2 && r2Source("secondary-r2", secondaryR2, prefix),
    secondaryS3 && s3Source("secondary-s3", secondaryS3, fetch),
  ].filter((source) => source !== undefined);
}

/** What an isolate keeps from one request, and one run of the cron trigger, to the next. */
function openEdge(bindings: Bindings, own: readonly OwnPlugin[]) {
  const settings = readSettings(bindings);
  const dispatch: PluginDeps["dispatch"] = (request, { address, waitUntil }) => {
    request.headers.set(settings.clientIpHeader, address);
    const context = { waitUntil, passThroughOnException() {}, props: {} };
    return Promise.resolve(gateway.fetch(request, bindings, context));
  };
  const chunks = new ChunkCache(settings.memoryBudgetBytes);
  const reader = new ObjectReader({
    sources: sourcesOf(settings),
    cache: cacheApiObjects(caches.default, settings.prefix),
    timers,
    readTimeoutMs: settings.readTimeoutMs,
  });
  const verdicts = new ActiveVerdicts(now);
  const balancers = new BalancerPool({ now, random, verdicts });
  const { managedSecrets: managed, upstreamBindings } = settings;
  const resolveSecret = createSecretResolver({ bindings, managed, isSetting });
  const dialling = diallingOf(settings);
  const proxy = createProxy(dialling);
  const deps = pluginDeps(bindings, settings, { dispatch, proxy });
  const chains = new ChainBuilder(deps, resolveSecret, own);
  const snapshot = { balancers, chains, bindings: upstreamBindings, resolveSecret };
  const loader = new Loader({ reader, chunks, snapshot });
  const overlays = new OverlayReader(reader, verdicts);
  const clocks = { timers, now, random };
  const freshness = new Freshness({ loader, overlays, settings: settings.freshness, ...clocks });
  const accessLog = settings.accessLog ? jsonAccessLog(log) : undefined;
  const seen = { loader, freshness, chunks, overlays, balancers, now };
  const gateway = createGateway({ ...seen, proxy, settings, accessLog, log, requestId });
  return {
    gateway,
    checks: checksOf(settings, loader, dialling),
  };
}

function pluginDeps(
  bindings: Bindings,
  { prefix, privateNetwork, serverHeader }: Settings,
  gateways: Pick<PluginDeps, "dispatch" | "proxy">,
): PluginDeps {
  return {
    fetch: createServiceFetch((input, init) => fetch(input, init), privateNetwork),
    timers,
    now,
    random,
    randomBytes,
    log,
    server: serverHeader,
    bindings,
    responseCache: cacheApiResponses(caches.default, prefix),
    ...gateways,
  };
}

function diallingOf({ privateNetwork, serverHeader, showUpstreamStatus }: Settings): ProxyDeps {
  return {
    fetch: (input, init) => fetch(input, init),
    connect,
    privateNetwork,
    timers,
    now,
    hearsOfLeaving: Cloudflare.compatibilityFlags.enable_request_signal ?? false,
    randomBytes,
    server: serverHeader,
    showUpstreamStatus,
  };
}

function checksOf({ healthChecks, prefix, r2 }: Settings, loader: Loader, dialling: ProxyDeps) {
  if (!healthChecks) return undefined;
  const bucket = r2 && r2Overlays(r2, prefix);
  const send = createProber(dialling);
  return new ScheduledChecks({ loader, bucket, send, timers, now, log, settings: healthChecks });
}

/** The Durable Objects of the binding RATE_LIMITS; a worker's entry must export it. */
export class RateLimits extends SharedCounter {
  protected override now(): number {
    return now();
  }
}

/** A deployment of the edge; all that is left out is what `wrangler.toml` starts by itself. */
export interface WorkerOptions {
  /** Plugins of one's own, compiled in beside those of APISIX. */
  readonly plugins?: readonly OwnPlugin[];
}

/** The Worker: bindings in, the isolate's one gateway out. */
export function createWorker({ plugins = [] }: WorkerOptions = {}) {
  let edge: ReturnType<typeof openEdge> | undefined;
  return {
    fetch(
      request: Request,
      bindings: Bindings,
      ctx: ExecutionContext,
    ): Response | Promise<Response> {
      try {
        edge ??= openEdge(bindings, plugins);
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
        return new Response("the gateway's settings are wrong; the Worker's log says how\n", {
          status: 503,
        });
      }
      return edge.gateway.fetch(request, bindings, ctx);
    },

    async scheduled(_controller: ScheduledController, bindings: Bindings): Promise<void> {
      edge ??= openEdge(bindings, plugins);
      if (edge.checks) await edge.checks.run();
      else log("a cron trigger, but HEALTH_CHECKS is off");
    },
  } satisfies ExportedHandler<Bindings>;
}
