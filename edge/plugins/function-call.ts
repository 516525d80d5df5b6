import { copiedHeaders } from "../upstream/request-headers.ts";
import { clientResponseHeaders } from "../upstream/response-headers.ts";
import { within } from "../upstream/timers.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { isHttpUrl } from "./http-url.ts";
import { ConfigurationRefused, type PluginDeps } from "./plugin.ts";

/** A request to a function that runs elsewhere and answers in the upstream's place. */
export interface FunctionCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
  /** Of the answer's body: kept for who passes it on, undone for who reads it. */
  readonly coding: "kept" | "undone";
}

export interface FunctionSettings {
  readonly function_uri: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly max_req_body_size: number;
}

type CallDeps = Pick<PluginDeps, "fetch" | "log" | "server" | "timers">;

/**
 * An access handler that hands the client's request to the function at `function_uri`; `authorise` changes
 * the call. Throws `ConfigurationRefused` where that is no URL.
 */
export function functionHandler(
  plugin: string,
  settings: FunctionSettings,
  deps: CallDeps,
  authorise: (call: FunctionCall) => void | Promise<void>,
): (exchange: Exchange) => Promise<Exit> {
  const { function_uri: uri, timeout, max_req_body_size: maxBytes } = settings;
  if (!isHttpUrl(uri)) throw new ConfigurationRefused(`function_uri: ${uri} is no URL`);
  return async (exchange) => {
    const body = await exchange.readBody(maxBytes);
    if (body === "too long") return { status: 400 };
    const call = {
      url: urlOf(uri, exchange),
      method: exchange.method,
      headers: headersOf(exchange),
      body: body.length === 0 ? undefined : body,
      coding: "kept",
    } as const;
    await authorise(call);
    const answer = await callFunction(plugin, call, timeout, deps);
    return answer ? passedOn(answer, exchange, deps.server) : { status: 503 };
  };
}

/** Undefined where it does not answer in time; the log is told. */
export async function callFunction(
  plugin: string,
  { url, method, headers, body, coding }: FunctionCall,
  timeoutMs: number,
  { fetch, log, timers }: CallDeps,
): Promise<Response | undefined> {
  const abort = new AbortController();
  try {
    const calling = fetch(url, {
      method,
      headers,
      // A fetch takes no body with these.
      body: body && method !== "GET" && method !== "HEAD" ? body : null,
      redirect: "manual",
      signal: abort.signal,
      encodeResponseBody: coding === "kept" ? "manual" : "automatic",
    });
    return await within(timers, timeoutMs, calling, () => new Error(`nothing in ${timeoutMs} ms`));
  } catch (error) {
    abort.abort();
    const reason = error instanceof Error ? error.message : String(error);
    log(`${plugin}: ${url.replace(/[?#].*$/s, "")}: ${reason}`);
    return undefined;
  }
}

/** The function's answer as the client gets it. */
export function passedOn(answer: Response, { answerHeaders }: Exchange, server: string): Exit {
  const headers = clientResponseHeaders(new Headers(answer.headers), answer.status, server);
  for (const name of new Set(headers.keys())) answerHeaders.delete(name);
  for (const [name, value] of headers) answerHeaders.append(name, value);
  return { status: answer.status, body: answer.body ?? "" };
}

/** What the route's `*` has taken comes behind the function's path; the query is the client's. */
function urlOf(uri: string, { match, args }: Exchange): string {
  const url = new URL(uri);
  const rest = match?.params[":ext"];
  if (rest) {
    const slash = url.pathname.endsWith("/") || rest.startsWith("/") ? "" : "/";
    url.pathname += slash + rest;
  }
  url.search = args;
  return url.href;
}

function headersOf({ changedHeaders, request }: Exchange): Headers {
  return copiedHeaders(new Headers(changedHeaders ?? request.headers), undefined);
}
