import type { Exchange } from "../exchange.ts";
import { latenciesOf } from "../logs/latencies.ts";
import { endedVariables } from "../logs/log-entry.ts";
import type { Outcome } from "../outcome.ts";
import { labelsText, Metric, type MetricOptions, type Pushed } from "./metric.ts";

/** Labels that are left empty, by metric: `disabled_labels` of the plugin's metadata. */
export type DisabledLabels = Readonly<Record<string, readonly string[]>>;

export interface CountOptions {
  /** `route` and `service` are names where there are such. */
  readonly prefersNames: boolean;
  readonly disabled: DisabledLabels;
}

type Labels = Readonly<Record<string, string>>;

const PREFIX = "apisix_";
const LATENCY_BOUNDS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000,
];
/** Of all metrics in one isolate; series beyond them are not begun. */
const MOST_SERIES = 5000;
/** Names of models come from clients. */
const LONGEST_MODEL = 128;

/** APISIX's metrics, as far as they are about requests; names and labels are APISIX's (reference 8.7). */
const METRICS = {
  http_status: { type: "counter", help: "HTTP status codes per service in APISIX" },
  http_latency: {
    type: "histogram",
    help: "HTTP request latency in milliseconds per service in APISIX",
    bounds: LATENCY_BOUNDS,
  },
  bandwidth: {
    type: "counter",
    help: "Total bandwidth in bytes consumed per service in APISIX",
  },
  http_requests_total: {
    type: "gauge",
    help: "The total number of client requests since APISIX started",
  },
  llm_latency: {
    type: "histogram",
    help: "LLM request latency in milliseconds",
    bounds: LATENCY_BOUNDS,
  },
  llm_prompt_tokens: { type: "counter", help: "LLM service consumed prompt tokens" },
  llm_completion_tokens: { type: "counter", help: "LLM service consumed completion tokens" },
  nginx_metric_errors_total: { type: "counter", help: "Number of nginx-lua-prometheus errors" },
} as const satisfies Record<string, Omit<MetricOptions, "name">>;

type MetricName = keyof typeof METRICS;

/** Counts the requests of one isolate. */
export class RequestMetrics {
  readonly #metrics: ReadonlyMap<MetricName, Metric>;
  readonly #mostSeries: number;

  constructor(mostSeries = MOST_SERIES) {
    this.#mostSeries = mostSeries;
    const entries = Object.entries(METRICS) as [MetricName, Omit<MetricOptions, "name">][];
    this.#metrics = new Map(
      entries.map(([name, options]) => [name, new Metric({ ...options, name: PREFIX + name })]),
    );
  }

  count(exchange: Exchange, outcome: Outcome, { prefersNames, disabled }: CountOptions): void {
    const { whole, upstream, apisix } = latenciesOf(exchange, outcome);
    const known = labelsOf(exchange, prefersNames);
    const add = (name: MetricName, labels: Labels, amount: number) =>
      this.#add(name, keptLabels(labels, disabled[name]), amount);
    const { code, matched_uri, matched_host, response_source, llm } = known;
    const { route, service, consumer, node } = known;
    const common = { route, service, consumer, node };
    const status = { code, route, matched_uri, matched_host, service, consumer, node };
    add("http_status", { ...status, ...llm, response_source }, 1);
    for (const [type, ms] of Object.entries({ request: whole, upstream, apisix })) {
      if (ms !== undefined) add("http_latency", { type, ...common, ...llm }, ms);
    }
    add("bandwidth", { type: "ingress", ...common, ...llm }, exchange.requestLength);
    add("bandwidth", { type: "egress", ...common, ...llm }, exchange.bytesSent);
    add("http_requests_total", {}, 1);
    this.#countModel(exchange, known, add);
  }

  /** In Prometheus' text format. `more`: labels that every series gets. */
  text(more: string): string {
    return [...this.#metrics.values()].map((metric) => metric.text(more)).join("");
  }

  /** What came since the last that arrived. */
  unpushed(): Pushed {
    const all = [...this.#metrics.values()].map((metric) => metric.unpushed());
    const arrived = () => {
      for (const one of all) one.arrived();
    };
    return { text: all.map(({ text }) => text).join(""), arrived };
  }

  /** What the AI plugins tell of an answer, if one of them ran. */
  #countModel(
    exchange: Exchange,
    { route_id, service_id, consumer, node, llm }: ReturnType<typeof labelsOf>,
    add: (name: MetricName, labels: Labels, amount: number) => void,
  ): void {
    const labels = { route_id, service_id, consumer, node, ...llm };
    const told: readonly [MetricName, string][] = [
      ["llm_latency", "llm_time_to_first_token"],
      ["llm_prompt_tokens", "llm_prompt_tokens"],
      ["llm_completion_tokens", "llm_completion_tokens"],
    ];
    for (const [name, variable] of told) {
      const value = Number(exchange.variables.get(variable) ?? Number.NaN);
      if (value > 0) add(name, labels, value);
    }
  }

  #add(name: MetricName, labels: Labels, amount: number): void {
    const metric = this.#metrics.get(name);
    const text = labelsText(labels);
    if (!metric?.has(text) && this.#seriesCount() >= this.#mostSeries) {
      this.#metrics.get("nginx_metric_errors_total")?.add("", 1);
    } else if (METRICS[name].type === "histogram") metric?.observe(text, amount);
    else metric?.add(text, amount);
  }

  #seriesCount(): number {
    let count = 0;
    for (const metric of this.#metrics.values()) count += metric.seriesCount;
    return count;
  }
}

function labelsOf(exchange: Exchange, prefersNames: boolean) {
  const { answer, attempts, match, route, sender } = exchange;
  const variables = endedVariables(exchange);
  const model = (name: string) => String(variables.get(name) ?? "").slice(0, LONGEST_MODEL);
  const isFromNode = answer?.source === "upstream";
  const own = attempts.length > 0 && answer?.source === "gateway" ? "nginx" : "apisix";
  const [id, serviceId] = [route?.id ?? "", route?.serviceId ?? ""];
  return {
    code: String(answer?.status ?? ""),
    route_id: id,
    service_id: serviceId,
    route: prefersNames ? (route?.name ?? id) : id,
    service: prefersNames ? (route?.serviceName ?? serviceId) : serviceId,
    consumer: sender?.consumer.username ?? "",
    // Of a language model, the name of its instance.
    node: String(variables.get("balancer_ip") ?? ""),
    matched_uri: match?.path ?? "",
    matched_host: match?.host ?? "",
    response_source: isFromNode ? "upstream" : own,
    llm: {
      request_type: String(variables.get("request_type") ?? "traditional_http"),
      request_llm_model: model("request_llm_model"),
      llm_model: model("llm_model"),
    },
  };
}

function keptLabels(labels: Labels, disabled: readonly string[] | undefined): Labels {
  if (!disabled) return labels;
  const empty = disabled.filter((name) => Object.hasOwn(labels, name)).map((name) => [name, ""]);
  return { ...labels, ...Object.fromEntries(empty) };
}
