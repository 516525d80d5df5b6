import { parseForm } from "../../shared/request/form.ts";
import { mergeRoute } from "../../shared/resources/merge.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { checkHeaderNames, isHeaderName } from "./header-names.ts";
import { headerText } from "./header-text.ts";
import { isHttpUrl } from "./http-url.ts";
import { ConfigurationRefused, definePlugin, type PluginSite } from "./plugin.ts";
import { callService, type ServiceAnswer, ServiceUnavailable } from "./service-call.ts";
import { dropTold, toldNames } from "./told-headers.ts";

interface OpaConfiguration {
  readonly host: string;
  readonly policy: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly send_headers_upstream?: readonly string[];
  readonly with_route: boolean;
  readonly with_service: boolean;
  readonly with_consumer: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** `opa`: an Open Policy Agent decides (reference 8.1). What is no decision lets nobody pass. */
export const opa = definePlugin<OpaConfiguration>((deps) => ({
  build(configuration, { definedBy, resources }) {
    const { policy, timeout: timeoutMs, send_headers_upstream: sent = [] } = configuration;
    const url = `${configuration.host}/v1/data/${policy}`;
    if (!isHttpUrl(url)) throw new ConfigurationRefused("its host is no http(s) URL");
    checkHeaderNames("send_headers_upstream", sent);
    const told = toldNames(sent);
    const headers = { "content-type": "application/json" };
    return {
      async access(exchange) {
        const input = await inputOf(exchange, configuration, resources);
        const body = JSON.stringify({ input });
        let answer: ServiceAnswer;
        try {
          answer = await callService({ url, method: "POST", headers, body, timeoutMs }, deps);
        } catch (error) {
          if (!(error instanceof ServiceUnavailable)) throw error;
          deps.log(`opa of ${definedBy}: ${error.message}`);
          return { status: 403 };
        }
        const result = resultOf(answer.body);
        if (!result) {
          deps.log(`opa of ${definedBy}: the answer (${answer.status}) holds no result`);
          return { status: 503 };
        }
        if (!isTrue(result.allow)) return refuse(exchange, result);
        // What the policy does not say, no client may say in its place.
        dropTold(exchange.headers, told);
        return tellUpstream(exchange, result, sent);
      },
    };
  },
}));

async function inputOf(
  exchange: Exchange,
  { with_route, with_service, with_consumer }: OpaConfiguration,
  resources: PluginSite["resources"],
): Promise<Fields> {
  const { sender } = exchange;
  return {
    type: "http",
    request: requestOf(exchange),
    var: {
      server_port: exchange.variables.get("server_port"),
      remote_addr: exchange.client.address,
      timestamp: Math.floor(exchange.now() / 1000),
    },
    ...(with_route && { route: await routeOf(exchange, resources) }),
    ...(with_service && { service: await serviceOf(exchange, resources) }),
    ...(with_consumer &&
      sender && { consumer: { ...sender.consumer, consumer_name: sender.consumer.username } }),
  };
}

function requestOf(exchange: Exchange): Fields {
  const { client, variables, changedHeaders } = exchange;
  const headers = Object.fromEntries(changedHeaders ?? exchange.request.headers);
  return {
    scheme: client.scheme,
    method: exchange.method,
    host: variables.get("host"),
    port: client.port,
    path: exchange.uri,
    headers: { ...headers, host: client.hostHeader },
    query: queryOf(exchange.args),
  };
}

/** As `ngx.req.get_uri_args`: a name without `=` is true, a repeated one a list. */
function queryOf(args: string): Fields {
  const query = new Map<string, unknown[]>();
  for (const [name, value] of parseForm(args)) {
    const values = query.get(name);
    if (values) values.push(value);
    else query.set(name, [value]);
  }
  return Object.fromEntries(
    [...query].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

/** With what it inherits, without its upstream, as APISIX sends it. */
async function routeOf({ route: facts }: Exchange, resources: PluginSite["resources"]) {
  const found = facts && (await resources.resource("routes", facts.id));
  if (!found) return undefined;
  const { plugin_config_id: configId, service_id: serviceId, ...route } = found.value;
  const config =
    configId === undefined
      ? undefined
      : await resources.resource("plugin_configs", String(configId));
  const service =
    serviceId === undefined ? undefined : await resources.resource("services", String(serviceId));
  const merged = mergeRoute(found.value, config?.value, service?.value);
  return { ...route, ...merged, upstream: undefined };
}

async function serviceOf({ route }: Exchange, resources: PluginSite["resources"]) {
  const id = route?.serviceId;
  return id === undefined ? undefined : (await resources.resource("services", id))?.value;
}

/** Undefined for what is no decision: not JSON, or without an object `result`. */
function resultOf(body: Uint8Array): Fields | undefined {
  try {
    const { result } = JSON.parse(new TextDecoder().decode(body));
    return typeof result === "object" && result !== null ? result : undefined;
  } catch {
    return undefined;
  }
}

/** As Lua sees it: all but false and nothing. */
function isTrue(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

function tellUpstream(exchange: Exchange, { headers }: Fields, sent: readonly string[]): undefined {
  const told = headersOf(headers);
  for (const name of sent) {
    exchange.userHeaders.add(name);
    const value = told.get(name.toLowerCase());
    if (value !== undefined) exchange.headers.set(name, value.join(", "));
  }
}

function refuse({ answerHeaders }: Exchange, { headers, status_code, reason }: Fields): Exit {
  for (const [name, values] of headersOf(headers)) {
    answerHeaders.delete(name);
    for (const value of values) answerHeaders.append(name, value);
  }
  const status = isStatus(status_code) ? status_code : 403;
  if (!isTrue(reason)) return { status };
  return { status, body: typeof reason === "object" ? JSON.stringify(reason) : String(reason) };
}

/** By name in lower case. A policy's values may be lists, numbers, anything. */
function headersOf(headers: unknown): ReadonlyMap<string, readonly string[]> {
  const told = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers ?? {})) {
    // A policy can say anything.
    if (!isTrue(value) || !isHeaderName(name)) continue;
    const values = Array.isArray(value) ? value : [value];
    told.set(
      name.toLowerCase(),
      values.map((one) => headerText(String(one))),
    );
  }
  return told;
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599;
}
