import { hexOf } from "../../../shared/hex.ts";
import { edgeName } from "../../../shared/request/edge-name.ts";
import { definePlugin } from "../plugin.ts";
import { labelsText } from "./metric.ts";
import { MetricsPush } from "./metrics-push.ts";
import { readMetricsPush } from "./push-settings.ts";
import { type DisabledLabels, RequestMetrics } from "./request-metrics.ts";

interface PrometheusConfiguration {
  readonly prefer_name: boolean;
}

interface PrometheusMetadata {
  readonly disabled_labels?: DisabledLabels;
}

const NONE_DISABLED: DisabledLabels = {};

/**
 * `prometheus`: counts requests (reference 8.7). A route with `public-api` shows what the isolate that
 * answers has counted; where the settings say so, every isolate pushes its counts.
 */
export const prometheus = definePlugin<PrometheusConfiguration>((deps) => {
  const metrics = new RequestMetrics();
  const settings = readMetricsPush(deps.bindings);
  const push = settings && new MetricsPush(metrics, settings, deps);
  const isolate = hexOf(deps.randomBytes(8));
  return {
    build({ prefer_name: prefersNames }, site) {
      const { disabled_labels: disabled = NONE_DISABLED }: PrometheusMetadata = site.metadata ?? {};
      return {
        log(exchange, outcome) {
          metrics.count(exchange, outcome, { prefersNames, disabled });
          push?.counted(outcome.endedAt, exchange.waitUntil);
        },
      };
    },
    apis: [
      {
        methods: ["GET"],
        uri: "/apisix/prometheus/metrics",
        async handle(exchange) {
          exchange.answerHeaders.set("content-type", "text/plain; charset=utf-8");
          const labels = labelsText({ isolate });
          const host = labelsText({ hostname: edgeName(exchange.request), isolate });
          const node = [
            "# HELP apisix_node_info Info of APISIX node",
            "# TYPE apisix_node_info gauge",
            `apisix_node_info{${host}} 1`,
            "",
          ].join("\n");
          return { status: 200, body: metrics.text(labels) + node };
        },
      },
    ],
  };
});
