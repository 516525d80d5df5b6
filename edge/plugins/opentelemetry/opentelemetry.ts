import { variableText } from "../../../shared/expression/template.ts";
import type { JsonValue } from "../../../shared/expression/variables.ts";
import { hexOf } from "../../../shared/hex.ts";
import { edgeName } from "../../../shared/request/edge-name.ts";
import type { Exchange } from "../exchange.ts";
import type { Batch } from "../logs/batch.ts";
import { deliver, is200 } from "../logs/deliver.ts";
import { endedVariables } from "../logs/log-entry.ts";
import { Logger } from "../logs/logger.ts";
import type { Outcome } from "../outcome.ts";
import { definePlugin, type PluginDeps, type PluginHandlers } from "../plugin.ts";
import { upstreamStatus } from "../upstream-status.ts";
import { type Attributes, exportRequest, writeSpan } from "./otlp.ts";
import { createSampler, type SamplerSettings } from "./sampler.ts";
import {
  flagsOf,
  isSampled,
  readTraceContext,
  type TraceContext,
  writeTraceparent,
} from "./trace-context.ts";

interface OpentelemetryConfiguration {
  readonly sampler: SamplerSettings;
  readonly additional_attributes?: readonly string[];
  readonly additional_header_prefix_attributes?: readonly string[];
}

interface OpentelemetryMetadata {
  readonly trace_id_source: "x-request-id" | "random";
  readonly resource?: Attributes;
  readonly collector: {
    readonly address: string;
    /** Seconds. */
    readonly request_timeout?: number;
    readonly request_headers?: Readonly<Record<string, string>>;
  };
  /** Times in seconds. */
  readonly batch_span_processor: {
    readonly max_queue_size?: number;
    readonly batch_timeout?: number;
    readonly inactive_timeout?: number;
    readonly max_export_batch_size?: number;
  };
  readonly set_ngx_var: boolean;
}

type Values = Readonly<Record<string, JsonValue | undefined>>;

/** A span that is going on. */
interface Recording {
  readonly context: TraceContext;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly attributes: Attributes;
}

/** Who made the spans; the host is known when there is a request. */
type Resource = Record<string, string | number | boolean>;

/** As APISIX calls what makes its spans. */
const SCOPE = "opentelemetry-lua";

/** `opentelemetry`: a span of every request, by OTLP over HTTP; W3C Trace Context in and out (reference 8.7). */
export const opentelemetry = definePlugin<OpentelemetryConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    async build(configuration, site) {
      // Without metadata it does nothing, though the schema has a default for each of its fields.
      const isSet = await site.resources.resource("plugin_metadata", "opentelemetry");
      if (!isSet) return {};
      // Its schema has filled the defaults.
      const metadata = site.metadata as OpentelemetryMetadata;
      const resource: Resource = { "service.name": "APISIX", ...metadata.resource };
      const batch = batchOf(metadata, resource, logger, deps);
      const handlers = handlersOf(configuration, metadata, batch, deps);
      return {
        ...handlers,
        log(exchange, outcome) {
          // All requests of an isolate come to the same place.
          resource.hostname ??= edgeName(exchange.request);
          return handlers.log?.(exchange, outcome);
        },
      };
    },
  };
});

function handlersOf(
  configuration: OpentelemetryConfiguration,
  metadata: OpentelemetryMetadata,
  batch: Batch<Uint8Array>,
  deps: PluginDeps,
): PluginHandlers {
  const sampler = createSampler(configuration.sampler);
  const recordings = new WeakMap<Exchange, Recording>();
  const newId = (bytes: number) => hexOf(deps.randomBytes(bytes));
  return {
    rewrite(exchange) {
      const parent = readTraceContext(
        exchange.header("traceparent"),
        exchange.header("tracestate"),
      );
      const isGiven = metadata.trace_id_source === "x-request-id";
      const traceId = parent?.traceId ?? (isGiven ? requestTraceId(exchange) : newId(16));
      const flags = flagsOf(sampler(traceId, parent), parent?.flags);
      const context = { traceId, spanId: newId(8), flags, state: parent?.state ?? "" };
      // Attributes may ask for the body, which comes before anything is changed.
      const recording =
        isSampled(context) && startRecording(exchange, configuration, context, parent);
      if (recording) recordings.set(exchange, recording);
      if (metadata.set_ngx_var) setVariables(exchange, context);
      exchange.headers.set("traceparent", writeTraceparent(context));
      if (parent) {
        if (context.state) exchange.headers.set("tracestate", context.state);
        else exchange.headers.delete("tracestate");
      }
      return undefined;
    },
    log(exchange, outcome) {
      const recording = recordings.get(exchange);
      if (recording) batch.add(spanOf(recording, exchange, outcome), exchange.waitUntil);
    },
  };
}

function startRecording(
  exchange: Exchange,
  configuration: OpentelemetryConfiguration,
  context: TraceContext,
  parent: TraceContext | undefined,
): Recording {
  const { match, method } = exchange;
  const name = match ? `${method} ${match.path}` : method;
  const attributes = { ...ownAttributes(exchange), ...wantedAttributes(exchange, configuration) };
  return { context, parentSpanId: parent?.spanId, name, attributes };
}

function ownAttributes(exchange: Exchange): Attributes {
  const { match, route, variables } = exchange;
  return given({
    "net.host.name": variables.get("host"),
    "http.method": exchange.method,
    "http.scheme": variables.get("scheme"),
    "http.target": variables.get("request_uri"),
    "http.user_agent": exchange.header("user-agent") ?? undefined,
    "apisix.route_id": route?.id,
    "apisix.route_name": route?.name,
    "http.route": match?.path,
    "apisix.service_id": route?.serviceId,
    "apisix.service_name": route?.serviceName,
  });
}

/** Variables by name; headers by name, or by what is before a `*`. */
function wantedAttributes(exchange: Exchange, configuration: OpentelemetryConfiguration) {
  const { additional_attributes: names = [], additional_header_prefix_attributes: prefixes = [] } =
    configuration;
  const wanted: Record<string, JsonValue | undefined> = {};
  // A body that nobody read is not read for this.
  const variables = endedVariables(exchange);
  for (const name of names) wanted[name] = variables.get(name);
  const headers = [...(exchange.changedHeaders ?? exchange.request.headers)];
  for (const prefix of prefixes) {
    const isPrefix = prefix.length > 1 && prefix.endsWith("*");
    const sought = isPrefix ? prefix.slice(0, -1) : prefix;
    for (const [name, value] of headers) {
      if (isPrefix ? name.startsWith(sought) : name === sought) wanted[name] = value;
    }
  }
  return given(wanted);
}

/** Those that there are, as text. */
function given(values: Values): Attributes {
  const found = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, variableText(value)] as const],
  );
  return Object.fromEntries(found);
}

function spanOf(
  recording: Recording,
  exchange: Exchange,
  { status, endedAt }: Outcome,
): Uint8Array {
  const asked = upstreamStatus(exchange);
  const code = asked ?? status;
  const codes = { "http.status_code": code, "http.response.status_code": code };
  return writeSpan({
    ...recording,
    startedAt: exchange.startedAt,
    endedAt,
    attributes: { ...recording.attributes, ...codes },
    error: asked !== undefined && asked >= 500 ? `upstream response status: ${asked}` : undefined,
  });
}

/** The client's `X-Request-Id`, where it can be a trace's id, else that of the request. */
function requestTraceId(exchange: Exchange): string {
  const own = exchange.header("x-request-id")?.replaceAll("-", "").toLowerCase() ?? "";
  if (/^[0-9a-f]{32}$/.test(own) && !/^0+$/.test(own)) return own;
  return String(exchange.variables.get("request_id"));
}

function setVariables(exchange: Exchange, context: TraceContext): void {
  exchange.setVariable("opentelemetry_context_traceparent", writeTraceparent(context));
  exchange.setVariable("opentelemetry_trace_id", context.traceId);
  exchange.setVariable("opentelemetry_span_id", context.spanId);
}

function batchOf(
  metadata: OpentelemetryMetadata,
  resource: Resource,
  logger: Logger,
  deps: PluginDeps,
): Batch<Uint8Array> {
  const { collector, batch_span_processor: processor } = metadata;
  const settings = {
    name: "opentelemetry",
    batch_max_size: processor.max_export_batch_size ?? 256,
    buffer_duration: processor.batch_timeout ?? 5,
    inactive_timeout: processor.inactive_timeout ?? 2,
    max_retry_count: 0,
    retry_delay: 1,
  };
  const hasScheme = /^https?:\/\//.test(collector.address);
  const url = `${hasScheme ? "" : "http://"}${collector.address}/v1/traces`;
  const headers = { ...collector.request_headers, "content-type": "application/x-protobuf" };
  const timeoutMs = (collector.request_timeout ?? 3) * 1000;
  const backlog = { max_pending_entries: processor.max_queue_size ?? 2048 };
  return logger.batch<Uint8Array>(settings, backlog, async (spans) => {
    const body = exportRequest(resource, SCOPE, spans);
    await deliver(deps, { url, headers, body, timeoutMs }, is200);
  });
}
