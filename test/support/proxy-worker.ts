import { connect } from "cloudflare:sockets";
import { BalancerPool } from "../../edge/balancer/balancer-pool.ts";
import { errorResponse, GatewayError } from "../../edge/errors.ts";
import { ActiveVerdicts } from "../../edge/health/active-verdicts.ts";
import { createProxy, type ProxyDeps } from "../../edge/upstream/proxy.ts";
import { readRequest } from "../../shared/request/read-request.ts";
import type { Timeout, Upstream } from "../../shared/resources/upstream.ts";
import { DEFAULT_URI_SETTINGS } from "../../shared/routing/matching-uri.ts";

/** A worker that is nothing but the proxy: the header `x-test-target` says where to. */
export interface TestTarget {
  readonly upstream: Upstream;
  readonly enableWebsocket?: boolean;
  readonly timeout?: Timeout;
  /** Of an upstream that several requests share; without it, a request has a balancer of its own. */
  readonly key?: string;
  readonly showUpstreamStatus?: boolean;
}

const now = () => Date.now();
const verdicts = new ActiveVerdicts(now);
const newPool = () => new BalancerPool({ now, random: () => 0, verdicts });
const shared = newPool();

const deps: ProxyDeps = {
  fetch: (url, init) => fetch(url, init),
  connect,
  now,
  hearsOfLeaving: true,
  timers: {
    after: (ms, action) => {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
  },
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  server: "APISIX",
};
const plain = createProxy(deps);
const telling = createProxy({ ...deps, showUpstreamStatus: true });

const worker = {
  async fetch(incoming: Request, _bindings: unknown, ctx: ExecutionContext): Promise<Response> {
    const target: TestTarget = JSON.parse(incoming.headers.get("x-test-target") ?? "{}");
    const request = new Request(incoming);
    request.headers.delete("x-test-target");
    const settings = {
      clientIpHeader: "cf-connecting-ip",
      trustedProxies: undefined,
      listenPort: undefined,
      uri: DEFAULT_URI_SETTINGS,
    };
    const read = readRequest(request, settings, {
      now: () => Date.now(),
      requestId: () => crypto.randomUUID().replaceAll("-", ""),
      maxBodyBytes: 0,
    });
    if (!read) return new Response("no request target", { status: 400 });
    const { upstream, enableWebsocket = false, timeout } = target;
    const proxy = target.showUpstreamStatus ? telling : plain;
    const pool = target.key === undefined ? newPool() : shared;
    const { balancer, health } = pool.stateOf(target.key ?? "", upstream);
    try {
      const { client, rawTarget, variables } = read;
      return await proxy(request, {
        upstream,
        balancer,
        health,
        variables,
        timeout,
        enableWebsocket,
        client,
        rawTarget,
        waitUntil: (work) => ctx.waitUntil(work),
      });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const response = errorResponse(error, "/");
      response.headers.set("x-test-reason", error.message);
      return response;
    }
  },
};

export { worker as default };
