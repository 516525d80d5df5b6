import { connect } from "cloudflare:sockets";
import { jsonAccessLog } from "./access-log.ts";
import { BalancerPool } from "./balancer/balancer-pool.ts";
import { createGateway } from "./gateway.ts";
import { type Bindings, readSettings, type Settings } from "./settings.ts";
import { ChunkCache } from "./snapshot/chunk-cache.ts";
import { Freshness } from "./snapshot/freshness.ts";
import { Loader } from "./snapshot/loader.ts";
import { ObjectReader } from "./snapshot/object-reader.ts";
import type { SnapshotSource } from "./snapshot/source.ts";
import { cacheApiObjects } from "./snapshot/sources/cached.ts";
import { r2Source } from "./snapshot/sources/r2.ts";
import { s3Source } from "./snapshot/sources/s3.ts";
import { createProxy } from "./upstream/proxy.ts";
import type { Timers } from "./upstream/timers.ts";

/** The Workers entry: bindings in, the isolate's one gateway out. */

const now = () => Date.now();
const random = () => Math.random();
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

function openGateway(bindings: Bindings) {
  const settings = readSettings(bindings);
  const chunks = new ChunkCache(settings.memoryBudgetBytes);
  const reader = new ObjectReader({
    sources: sourcesOf(settings),
    cache: cacheApiObjects(caches.default, settings.prefix),
    timers,
    readTimeoutMs: settings.readTimeoutMs,
  });
  const loader = new Loader({ reader, chunks, snapshot: { balancers: new BalancerPool(random) } });
  const freshness = new Freshness({ loader, settings: settings.freshness, timers, now, random });
  const proxy = createProxy({
    fetch: (input, init) => fetch(input, init),
    connect,
    privateNetwork: settings.privateNetwork,
    timers,
    now,
    hearsOfLeaving: Cloudflare.compatibilityFlags.enable_request_signal ?? false,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    server: settings.serverHeader,
  });
  const accessLog = settings.accessLog ? jsonAccessLog((line) => console.log(line)) : undefined;
  return createGateway({ loader, freshness, chunks, now, proxy, settings, accessLog, requestId });
}

let gateway: ReturnType<typeof openGateway> | undefined;

export default {
  fetch(request: Request, bindings: Bindings, ctx: ExecutionContext): Response | Promise<Response> {
    try {
      gateway ??= openGateway(bindings);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      return new Response("the gateway's settings are wrong; the Worker's log says how\n", {
        status: 503,
      });
    }
    return gateway.fetch(request, bindings, ctx);
  },
} satisfies ExportedHandler<Bindings>;
