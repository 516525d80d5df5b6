import { isJsonObject } from "../../shared/json-object.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { callFunction } from "./function-call.ts";
import { isHttpUrl } from "./http-url.ts";
import { ConfigurationRefused, definePlugin } from "./plugin.ts";

interface OpenwhiskConfiguration {
  readonly api_host: string;
  /** `user:password` */
  readonly service_token: string;
  readonly namespace: string;
  readonly package?: string;
  readonly action: string;
  readonly result: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly max_req_body_size: number;
}

/** An action's answer has to be in memory: it tells the status. */
const MOST_ANSWER_BYTES = 8 * 1024 * 1024;

/** Answers with an action of OpenWhisk, which may tell status, headers and body in its result. */
export const openwhisk = definePlugin<OpenwhiskConfiguration>((deps) => ({
  build(configuration) {
    const url = urlOf(configuration);
    const { service_token: token, timeout, max_req_body_size: maxBytes } = configuration;
    return {
      async access(exchange) {
        const type = exchange.header("content-type");
        if (exchange.method !== "GET" && type !== "application/json") return { status: 415 };
        const body = await exchange.readBody(maxBytes);
        if (body === "too long") return { status: 400 };
        const headers = new Headers({
          authorization: `Basic ${btoa(token)}`,
          "content-type": "application/json",
        });
        const sent = body.length > 0 ? body : undefined;
        const call = { url, method: "POST", headers, body: sent, coding: "undone" } as const;
        const answer = await callFunction("openwhisk", call, timeout, deps);
        const text = answer && (await textOf(answer).catch(() => undefined));
        return (
          (answer && text !== undefined && resultOf(answer, text, exchange)) || { status: 503 }
        );
      },
    };
  },
}));

function urlOf(configuration: OpenwhiskConfiguration): string {
  const { api_host: host, namespace, package: pack, action, result, timeout } = configuration;
  if (!isHttpUrl(host)) throw new ConfigurationRefused(`api_host: ${host} is no URL`);
  const name = [...(pack === undefined ? [] : [pack]), action].map(encodeURIComponent).join("/");
  const query = `blocking=true&result=${result}&timeout=${timeout}`;
  return `${host}/api/v1/namespaces/${encodeURIComponent(namespace)}/actions/${name}?${query}`;
}

/** Undefined where the answer is no JSON, which every answer of OpenWhisk is. */
function resultOf(answer: Response, text: string, { answerHeaders }: Exchange): Exit | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { statusCode, headers, body } = isJsonObject(value) ? value : {};
  answerHeaders.set("content-type", answer.headers.get("content-type") ?? "application/json");
  for (const [name, each] of Object.entries(isJsonObject(headers) ? headers : {})) {
    setHeader(answerHeaders, name, each);
  }
  const status = Number(statusCode ?? answer.status);
  return {
    status: status >= 200 && status <= 599 ? status : answer.status,
    body: isBody(body) ? body : text,
  };
}

function isBody(body: unknown): body is string | Record<string, unknown> | unknown[] {
  return typeof body === "string" || (typeof body === "object" && body !== null);
}

function setHeader(headers: Headers, name: string, value: unknown): void {
  try {
    headers.set(name, String(value));
  } catch {
    // No header: an action's slip must not cost its answer.
  }
}

async function textOf({ body }: Response): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MOST_ANSWER_BYTES) return undefined;
  }
  return text + decoder.decode();
}
