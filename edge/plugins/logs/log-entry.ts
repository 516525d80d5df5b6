import {
  BodyNeeded,
  type JsonValue,
  type Variables,
} from "../../../shared/expression/variables.ts";
import { edgeName } from "../../../shared/request/edge-name.ts";
import { parseForm } from "../../../shared/request/form.ts";
import type { Exchange } from "../exchange.ts";
import type { Outcome } from "../outcome.ts";
import { latenciesOf } from "./latencies.ts";
import { CompiledFormat, type LogFields, type LogFormat } from "./log-format.ts";
import type { LoggedBodies } from "./logged-bodies.ts";

/** How an entry looks: a plugin's configuration, or its metadata. */
export interface FormatSettings {
  readonly log_format?: LogFormat;
  readonly log_format_extra?: LogFormat;
}

/** A request that has ended, as loggers see it. */
export interface LoggedRequest {
  readonly exchange: Exchange;
  readonly outcome: Outcome;
  readonly bodies: LoggedBodies;
  /** The request's, without those that would need a body that nobody read. */
  readonly variables: Variables;
}

/** APISIX's own entry (reference 8.7). */
export interface DefaultEntry {
  readonly request: {
    readonly url: string;
    readonly uri: string;
    readonly method: string;
    readonly headers: LogFields;
    readonly querystring: LogFields;
    readonly size: number;
    readonly body?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: LogFields;
    readonly size: number;
    readonly body?: string;
  };
  readonly server: { readonly hostname: string; readonly version: string };
  readonly upstream?: string;
  readonly service_id: string;
  readonly route_id: string;
  readonly consumer?: { readonly username: string };
  readonly client_ip: string;
  readonly start_time: number;
  readonly latency: number;
  readonly upstream_latency?: number;
  readonly apisix_latency: number;
  /** Of a language model's answer, where `ai-proxy` is told to log it. */
  readonly llm_summary?: JsonValue;
  readonly llm_request?: JsonValue;
  readonly llm_response_text?: JsonValue;
}

export type LogEntry =
  | { readonly is: "default"; readonly fields: DefaultEntry; readonly extra: LogFields }
  | { readonly is: "custom"; readonly fields: LogFields };

/** What APISIX 3.18, after which all of this is made, says of itself. */
const VERSION = "3.18.0";

const NO_ROUTE = "no-matched";

/** Makes the entries of one place that configures a logger. */
export class EntryFormat {
  readonly #custom: CompiledFormat | undefined;
  readonly #extra: CompiledFormat | undefined;

  /** The configuration's own formats win over the metadata's. */
  constructor(configuration: FormatSettings, metadata: FormatSettings) {
    const custom = configuration.log_format ?? unlessEmpty(metadata.log_format);
    const extra = configuration.log_format_extra ?? metadata.log_format_extra;
    this.#custom = custom && new CompiledFormat(custom);
    this.#extra = extra && new CompiledFormat(extra);
  }

  get hasRequestBody(): boolean {
    const format = this.#custom ?? this.#extra;
    return format?.has("request_body") ?? false;
  }

  make(logged: LoggedRequest): LogEntry {
    const { exchange, variables } = logged;
    if (!this.#custom) {
      const extra = this.#extra?.fill(variables) ?? {};
      const fields = { ...defaultEntry(logged), ...llmFields(variables) };
      return { is: "default", fields, extra };
    }
    const fields = { ...this.#custom.fill(variables), ...llmFields(variables) };
    if (exchange.route?.serviceId !== undefined) fields.service_id = exchange.route.serviceId;
    fields.route_id = exchange.route?.id ?? NO_ROUTE;
    return { is: "custom", fields };
  }
}

/** An entry as most loggers send it: the default one keeps its own fields where an extra has the same name. */
export function fieldsOf(entry: LogEntry): Readonly<Record<string, unknown>> {
  return entry.is === "custom" ? entry.fields : { ...entry.extra, ...entry.fields };
}

export function loggedRequest(
  exchange: Exchange,
  outcome: Outcome,
  bodies: LoggedBodies,
): LoggedRequest {
  return { exchange, outcome, bodies, variables: endedVariables(exchange, bodies) };
}

/** Those that would need a body that nobody read are missing. */
export function endedVariables(exchange: Exchange, bodies?: LoggedBodies): Variables {
  const ofBodies: ReadonlyMap<string, string | undefined> = new Map([
    ["request_body", bodies?.request],
    ["resp_body", bodies?.response],
  ]);
  const get = (name: string): JsonValue | undefined => {
    if (ofBodies.has(name)) return ofBodies.get(name);
    try {
      return exchange.variables.get(name);
    } catch (error) {
      if (error instanceof BodyNeeded) return undefined;
      throw error;
    }
  };
  return { get };
}

function defaultEntry({ exchange, outcome, bodies, variables }: LoggedRequest): DefaultEntry {
  const text = (name: string) => String(variables.get(name) ?? "");
  const uri = text("request_uri");
  const upstream = variables.get("upstream_addr");
  const latency = latenciesOf(exchange, outcome);
  const { route, sender } = exchange;
  return {
    request: {
      url: `${text("scheme")}://${text("host")}:${text("server_port")}${uri}`,
      uri,
      method: exchange.method,
      headers: requestHeaders(exchange),
      querystring: argumentsOf(exchange.args),
      size: exchange.requestLength,
      ...(bodies.request === undefined ? {} : { body: bodies.request }),
    },
    response: {
      status: outcome.status,
      headers: headerFields(outcome.headers),
      size: exchange.bytesSent,
      ...(bodies.response === undefined ? {} : { body: bodies.response }),
    },
    server: { hostname: edgeName(exchange.request), version: VERSION },
    ...(typeof upstream === "string" ? { upstream } : {}),
    service_id: route ? (route.serviceId ?? "") : text("host"),
    route_id: route?.id ?? NO_ROUTE,
    ...(sender ? { consumer: { username: sender.consumer.username } } : {}),
    client_ip: exchange.client.address,
    start_time: exchange.startedAt,
    latency: latency.whole,
    ...(latency.upstream === undefined ? {} : { upstream_latency: latency.upstream }),
    apisix_latency: latency.apisix,
  };
}

const LLM_FIELDS = ["llm_summary", "llm_request", "llm_response_text"];

/** What the AI proxies leave for loggers, whatever the format. */
function llmFields(variables: Variables): LogFields {
  const fields: LogFields = {};
  for (const name of LLM_FIELDS) {
    const value = variables.get(name);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

/** Of the request as it went on, with the Host that the client asked. */
function requestHeaders(exchange: Exchange): LogFields {
  const { changedHeaders, client, request } = exchange;
  return { ...headerFields(changedHeaders ?? request.headers), host: client.hostHeader };
}

/** By their names in lower case; what came several times is a list. */
function headerFields(headers: Headers): LogFields {
  return collected([...headers]);
}

/** `?a` is `true`; a name that comes several times has the list of its values. */
function argumentsOf(args: string): LogFields {
  return collected(parseForm(args));
}

function collected(pairs: Iterable<readonly [string, string | true]>): LogFields {
  // Without a prototype: a client chooses these names.
  const fields: LogFields = Object.create(null);
  for (const [name, value] of pairs) {
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else fields[name] = [...(Array.isArray(before) ? before : [before]), value];
  }
  return fields;
}

function unlessEmpty(format: LogFormat | undefined): LogFormat | undefined {
  return format && Object.keys(format).length > 0 ? format : undefined;
}
