import { hexOf } from "../../../shared/hex.ts";
import type { Exchange } from "../exchange.ts";
import { deliver } from "../logs/deliver.ts";
import { Logger } from "../logs/logger.ts";
import { definePlugin } from "../plugin.ts";
import { upstreamStatus } from "../upstream-status.ts";
import { readB3 } from "./b3.ts";
import { RequestTrace } from "./request-trace.ts";

interface ZipkinConfiguration {
  readonly endpoint: string;
  readonly sample_ratio: number;
  readonly service_name: string;
  readonly server_addr?: string;
  readonly span_version: 1 | 2;
}

/** As APISIX sets its own. */
const BATCH = {
  name: "zipkin_report",
  batch_max_size: 1000,
  inactive_timeout: 5,
  buffer_duration: 60,
  max_retry_count: 0,
  retry_delay: 1,
};
const TIMEOUT_MS = 10_000;
const isTaken = (status: number) => status >= 200 && status < 300;

/** `zipkin`: spans of a request to Zipkin, in its JSON; B3 in and out (reference 8.7). */
export const zipkin = definePlugin<ZipkinConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration) {
      const { endpoint: url, sample_ratio: ratio } = configuration;
      const traces = new WeakMap<Exchange, RequestTrace>();
      const newId = (bytes: number) => hexOf(deps.randomBytes(bytes));
      const batch = logger.batch<string>(BATCH, undefined, async (spans) => {
        const headers = { "content-type": "application/json" };
        const body = `[${spans.join(",")}]`;
        await deliver(deps, { url, headers, body, timeoutMs: TIMEOUT_MS }, isTaken);
      });
      return {
        rewrite(exchange) {
          const b3 = readB3((name) => exchange.header(name));
          if (!b3) return { status: 400 };
          exchange.headers.delete("b3");
          if (b3.isDebug) exchange.headers.set("x-b3-flags", "1");
          if (!(b3.isSampled ?? deps.random() < ratio)) {
            exchange.headers.set("x-b3-sampled", "0");
            return undefined;
          }
          traces.set(exchange, new RequestTrace(exchange, b3, { ...configuration, newId }));
          return undefined;
        },
        access(exchange) {
          const trace = traces.get(exchange);
          if (!trace) return undefined;
          const sent = trace.proxied(deps.now());
          exchange.headers.set("x-b3-traceid", sent.traceId);
          exchange.headers.set("x-b3-spanid", sent.id);
          exchange.headers.set("x-b3-parentspanid", sent.parentId);
          exchange.headers.set("x-b3-sampled", "1");
          return undefined;
        },
        headerFilter(exchange) {
          traces.get(exchange)?.answered(deps.now());
        },
        log(exchange, { status, endedAt }) {
          const trace = traces.get(exchange);
          if (!trace) return;
          const spans = trace.ended(endedAt, upstreamStatus(exchange) ?? status);
          for (const span of spans) batch.add(JSON.stringify(span), exchange.waitUntil);
        },
      };
    },
  };
});
