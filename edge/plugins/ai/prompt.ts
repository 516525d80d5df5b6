import type { JsonValue } from "../../../shared/expression/variables.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import { isObject, readJsonBody } from "./json-body.ts";
import { type Protocol, protocolOf, wantsStream } from "./protocol.ts";

/** What a client asks a language model. */
export interface Prompt {
  readonly body: JsonValue;
  readonly protocol: Protocol;
  readonly isStream: boolean;
}

const JSON_TYPE = "application/json";

/** The request's prompt, or the answer to one that is none; sets what variables tell of it. */
export async function readPrompt(exchange: Exchange, maxBytes: number): Promise<Prompt | Exit> {
  const type = exchange.header("content-type") ?? JSON_TYPE;
  if (!type.startsWith(JSON_TYPE)) {
    const body = `unsupported content-type: ${type}, only application/json is supported`;
    return { status: 400, body };
  }
  const read = await readJsonBody(exchange, maxBytes);
  if ("exit" in read) return read.exit;
  const { value: body } = read;
  const protocol = protocolOf(body, exchange.uri);
  if (!protocol) return { status: 400, body: "no matching AI protocol for the request" };
  const isStream = wantsStream(body, protocol);
  const model = modelOf(body);
  if (model !== undefined) exchange.setVariable("request_llm_model", model);
  exchange.setVariable("request_type", isStream ? "ai_stream" : "ai_chat");
  exchange.setVariable("llm_stream", String(isStream));
  return { body, protocol, isStream };
}

export function modelOf(body: JsonValue): string | undefined {
  return isObject(body) && typeof body.model === "string" ? body.model : undefined;
}
