import { fillTemplate } from "../../shared/expression/template.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { checkHeaderNames } from "./header-names.ts";
import { headerText } from "./header-text.ts";
import { isHttpUrl } from "./http-url.ts";
import { ConfigurationRefused, definePlugin } from "./plugin.ts";
import { callService, type ServiceAnswer, ServiceUnavailable } from "./service-call.ts";
import { dropTold, toldNames } from "./told-headers.ts";

interface ForwardAuthConfiguration {
  readonly uri: string;
  readonly allow_degradation: boolean;
  readonly status_on_error: number;
  readonly request_method: "GET" | "POST";
  readonly request_headers: readonly string[];
  readonly extra_headers?: Readonly<Record<string, string>>;
  readonly upstream_headers: readonly string[];
  readonly client_headers: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly max_req_body_size: number;
}

/** `forward-auth`: asks another service whether a request may go on (reference 8.1). */
export const forwardAuth = definePlugin<ForwardAuthConfiguration>((deps) => ({
  build(configuration, { definedBy }) {
    const { uri, request_method: method, timeout: timeoutMs, max_req_body_size } = configuration;
    if (!isHttpUrl(uri)) throw new ConfigurationRefused("its uri is no http(s) URL");
    checkHeaderNames("extra_headers", Object.keys(configuration.extra_headers ?? {}));
    for (const field of ["request_headers", "upstream_headers", "client_headers"] as const) {
      checkHeaderNames(field, configuration[field]);
    }
    const told = toldNames(configuration.upstream_headers);
    const failed = (error: unknown, exchange: Exchange): Exit | undefined => {
      if (!(error instanceof ServiceUnavailable)) throw error;
      deps.log(`forward-auth of ${definedBy}: ${error.message}`);
      if (!configuration.allow_degradation) return { status: configuration.status_on_error };
      return letPass(exchange, NOTHING_SAID, told, configuration);
    };
    return {
      async access(exchange) {
        // Templates may ask for the body; they come first, as nothing is changed yet.
        const headers = askingHeaders(exchange, configuration);
        const body = method === "POST" ? await exchange.readBody(max_req_body_size) : undefined;
        if (body === "too long") return { status: 413 };
        let answer: ServiceAnswer;
        try {
          answer = await callService({ url: uri, method, headers, body, timeoutMs }, deps);
        } catch (error) {
          return failed(error, exchange);
        }
        if (answer.status < 300) return letPass(exchange, answer, told, configuration);
        return refuse(exchange, answer, configuration);
      },
    };
  },
}));

function askingHeaders(
  exchange: Exchange,
  { request_method, request_headers, extra_headers = {} }: ForwardAuthConfiguration,
): Headers {
  const { client, variables } = exchange;
  const headers = new Headers({
    "x-forwarded-proto": client.scheme,
    "x-forwarded-method": exchange.method,
    "x-forwarded-host": String(variables.get("host") ?? ""),
    "x-forwarded-uri": headerText(String(variables.get("request_uri") ?? "")),
    "x-forwarded-for": client.address,
  });
  if (request_method === "POST") copyHeader("content-encoding", exchange, headers);
  for (const [name, template] of Object.entries(extra_headers)) {
    headers.set(name, headerText(fillTemplate(template, variables).text));
  }
  for (const name of request_headers) {
    if (!headers.has(name) && !FRAMING.has(name.toLowerCase())) copyHeader(name, exchange, headers);
  }
  return headers;
}

function copyHeader(name: string, exchange: Exchange, to: Headers): void {
  const value = exchange.header(name);
  if (value !== null) to.set(name, value);
}

const NOTHING_SAID = { headers: new Headers() };

/** What the service does not say, no client may say in its place. */
function letPass(
  exchange: Exchange,
  { headers }: Pick<ServiceAnswer, "headers">,
  told: ReadonlySet<string>,
  { upstream_headers }: ForwardAuthConfiguration,
): undefined {
  dropTold(exchange.headers, told);
  for (const name of upstream_headers) {
    exchange.userHeaders.add(name);
    const value = headers.get(name);
    if (value !== null) exchange.headers.set(name, value);
  }
}

function refuse(
  { answerHeaders }: Exchange,
  { status, headers, body }: ServiceAnswer,
  { client_headers }: ForwardAuthConfiguration,
): Exit {
  for (const name of client_headers) {
    // The body has been read: it has no coding and no framing of the service's any more.
    if (FRAMING.has(name.toLowerCase()) || name.toLowerCase() === "content-encoding") continue;
    answerHeaders.delete(name);
    for (const value of valuesOf(headers, name)) answerHeaders.append(name, value);
  }
  return { status, body };
}

/** Of one connection and one body: those of another are not theirs. */
const FRAMING = new Set([
  ...["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
]);

function valuesOf(headers: Headers, name: string): readonly string[] {
  if (name.toLowerCase() === "set-cookie") return headers.getSetCookie();
  const value = headers.get(name);
  return value === null ? [] : [value];
}
