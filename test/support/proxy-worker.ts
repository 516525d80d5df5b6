import { connect } from "cloudflare:sockets";
import { createBalancer } from "../../edge/balancer/balancer.ts";
import { ALWAYS_HEALTHY } from "../../edge/balancer/upstream-health.ts";
import { errorResponse, GatewayError } from "../../edge/errors.ts";
import { createProxy } from "../../edge/upstream/proxy.ts";
import { readRequest } from "../../shared/request/read-request.ts";
import type { Timeout, Upstream } from "../../shared/resources/upstream.ts";
import { DEFAULT_URI_SETTINGS } from "../../shared/routing/matching-uri.ts";

/** A worker that is nothing but the proxy: the header `x-test-target` says where to. */
export interface TestTarget {
  readonly upstream: Upstream;
  readonly enableWebsocket?: boolean;
  readonly timeout?: Timeout;
}

const proxy = createProxy({
  fetch: (url, init) => fetch(url, init),
  connect,
  now: () => Date.now(),
  hearsOfLeaving: true,
  timers: {
    after: (ms, action) => {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
  },
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  server: "APISIX",
});

const worker = {
  async fetch(incoming: Request): Promise<Response> {
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
    const balancer = createBalancer(upstream, () => 0);
    try {
      const { client, rawTarget, variables } = read;
      return await proxy(request, {
        upstream,
        balancer,
        health: ALWAYS_HEALTHY,
        variables,
        timeout,
        enableWebsocket,
        client,
        rawTarget,
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
