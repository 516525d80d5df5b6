import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isObject } from "./json-body.ts";

/** What clients and providers of language models speak. */
export type Protocol =
  | "bedrock-converse"
  | "anthropic-messages"
  | "openai-responses"
  | "openai-chat"
  | "openai-embeddings"
  | "passthrough";

/** The first that fits (reference 8.8); undefined: none does. `uri` is the path as decoded. */
export function protocolOf(body: JsonValue, uri: string): Protocol | undefined {
  // Lua tells lists and objects apart as little as APISIX does here.
  if (typeof body !== "object" || body === null) return undefined;
  const { messages, input } = isObject(body) ? body : NOTHING;
  if (uri.endsWith("/converse") && isTable(messages)) return "bedrock-converse";
  if (uri.endsWith("/v1/messages")) return "anthropic-messages";
  if (uri.endsWith("/v1/responses") && input !== undefined) return "openai-responses";
  if (isTable(messages)) return "openai-chat";
  if (input !== undefined) return "openai-embeddings";
  return Object.keys(body).length > 0 ? "passthrough" : undefined;
}

/** Whether the client wants the answer piece by piece. */
export function wantsStream(body: JsonValue, protocol: Protocol): boolean {
  return protocol !== "openai-embeddings" && isObject(body) && body.stream === true;
}

const NOTHING: { readonly [name: string]: JsonValue } = {};

function isTable(value: JsonValue | undefined): boolean {
  return typeof value === "object" && value !== null;
}
