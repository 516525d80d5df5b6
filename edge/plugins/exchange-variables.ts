import { variableText } from "../../shared/expression/template.ts";
import type { JsonValue, Variables } from "../../shared/expression/variables.ts";
import { LLM_DEFAULTS } from "./ai/llm-defaults.ts";
import type { Exchange } from "./exchange.ts";

type Value = JsonValue | undefined;

/**
 * The variables of a request on its way through the plugins: what plugins set, what came of
 * authentication, of the upstream and of the answer so far, and then those of the request as it is now.
 */
export class ExchangeVariables implements Variables {
  readonly #exchange: Exchange;
  readonly #own: ReadonlyMap<string, Value>;
  readonly #request: () => Variables;
  /** As in APISIX, the status stays the one that was first asked for. */
  #status: Value;

  constructor(exchange: Exchange, own: ReadonlyMap<string, Value>, request: () => Variables) {
    this.#exchange = exchange;
    this.#own = own;
    this.#request = request;
  }

  get(name: string): Value {
    if (this.#own.has(name)) return this.#own.get(name);
    if (name === "status") return this.#firstStatus();
    const known = OF_THE_EXCHANGE.get(name);
    if (known) return known(this.#exchange);
    if (name.startsWith("sent_http_")) return this.#sent(name.slice(10));
    if (name.startsWith("upstream_http_")) return this.#fromUpstream(name.slice(14));
    if (name.startsWith("http_x_forwarded_")) {
      const headers = this.#exchange.changedHeaders;
      if (headers) return headers.get(headerName(name.slice(5))) ?? undefined;
    }
    const value = this.#request().get(name);
    return value === undefined ? LLM_DEFAULTS.get(name) : value;
  }

  #firstStatus(): Value {
    const { answer } = this.#exchange;
    this.#status ??= answer && String(answer.status);
    return this.#status;
  }

  #sent(name: string): Value {
    return this.#exchange.answer?.headers.get(headerName(name)) ?? undefined;
  }

  #fromUpstream(name: string): Value {
    const { answer } = this.#exchange;
    if (answer?.source !== "upstream") return undefined;
    return answer.headers.get(headerName(name)) ?? undefined;
  }
}

function headerName(variable: string): string {
  return variable.toLowerCase().replaceAll("_", "-");
}

/** nginx writes seconds with three places. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function listed(texts: readonly string[]): Value {
  return texts.length === 0 ? undefined : texts.join(", ");
}

const overAttempts =
  (text: (attempt: Exchange["attempts"][number]) => string) =>
  ({ attempts }: Exchange): Value =>
    listed(attempts.map(text));

const lastAttempt = ({ attempts }: Exchange) => attempts.at(-1);

/** What the request alone does not tell (reference, part 6). */
const OF_THE_EXCHANGE: ReadonlyMap<string, (exchange: Exchange) => Value> = new Map<
  string,
  (exchange: Exchange) => Value
>([
  // Matching has asked for it, and so it stays, whatever plugins make of the method.
  ["request_method", ({ request }) => request.method],
  ["route_id", ({ route }) => route?.id],
  ["route_name", ({ route }) => route?.name],
  ["service_id", ({ route }) => route?.serviceId],
  ["service_name", ({ route }) => route?.serviceName],
  ["consumer_name", ({ sender }) => sender?.consumer.username],
  ["consumer_group_id", ({ sender }) => groupOf(sender?.consumer.group_id)],
  ["request_time", ({ endedAt, now, startedAt }) => seconds((endedAt ?? now()) - startedAt)],
  ["body_bytes_sent", ({ bodyBytes }) => String(bodyBytes)],
  ["bytes_sent", ({ bytesSent }) => String(bytesSent)],
  ["request_length", ({ requestLength }) => String(requestLength)],
  ["upstream_uri", (exchange) => exchange.target],
  ["upstream_host", ({ upstreamHost }) => upstreamHost],
  ["upstream_scheme", ({ upstreamScheme }) => upstreamScheme],
  ["balancer_ip", (exchange) => lastAttempt(exchange)?.host],
  ["balancer_port", (exchange) => portOf(lastAttempt(exchange)?.port)],
  ["upstream_addr", overAttempts(({ host, port }) => `${host}:${port}`)],
  ["upstream_status", overAttempts(({ status }) => String(status))],
  ["upstream_response_time", ({ attemptTimes }) => listed(attemptTimes.map(seconds))],
  ["upstream_header_time", overAttempts(({ ms }) => seconds(ms))],
]);

function groupOf(id: string | number | undefined): Value {
  return id === undefined ? undefined : String(id);
}

function portOf(port: number | undefined): Value {
  return port === undefined ? undefined : variableText(port);
}
