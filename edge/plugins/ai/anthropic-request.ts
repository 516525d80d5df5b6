import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isList, isObject, type JsonObject } from "./json-body.ts";
import { objectOf, objectsIn } from "./llm-answer.ts";

/** A prompt that cannot be told in the other protocol; the message is for the client. */
export class ConversionError extends Error {
  override readonly name = "ConversionError";
}

/** What OpenAI's chat does not know under these names. */
const OF_ANTHROPIC_ALONE = new Set([
  "system",
  "messages",
  "tools",
  "tool_choice",
  "max_tokens",
  "stop_sequences",
  "metadata",
  "thinking",
  "top_k",
]);

/** A prompt of Anthropic's Messages API as one of OpenAI's chat. Throws `ConversionError`. */
export function chatOfAnthropic(body: JsonObject): JsonObject {
  const { messages, max_tokens, stop_sequences, tools, tool_choice } = body;
  if (!isList(messages) || messages.length === 0) throw new ConversionError("missing messages");
  const system = textIn(body.system);
  const user = objectOf(body.metadata).user_id;
  const kept = Object.entries(body).filter(([name]) => !OF_ANTHROPIC_ALONE.has(name));
  return {
    ...Object.fromEntries(kept),
    messages: [
      ...(system === "" ? [] : [{ role: "system", content: system }]),
      ...messages.flatMap(chatMessages),
    ],
    ...(max_tokens === undefined ? {} : { max_completion_tokens: max_tokens }),
    ...(stop_sequences === undefined ? {} : { stop: stop_sequences }),
    ...(isList(tools) ? { tools: tools.map(chatTool) } : {}),
    ...(isObject(tool_choice) ? { tool_choice: chatToolChoice(tool_choice) } : {}),
    ...(typeof user === "string" ? { user } : {}),
  };
}

/** One message becomes several where it has results of tools. */
function chatMessages(message: JsonValue, at: number): JsonObject[] {
  if (!isObject(message) || typeof message.role !== "string") {
    throw new ConversionError(`invalid message at index ${at + 1}`);
  }
  const { role, content } = message;
  if (typeof content === "string") return [{ role, content }];
  if (!isList(content)) throw new ConversionError(`invalid message content at index ${at + 1}`);
  const blocks = objectsIn(content);
  const results = blocks.filter(({ type }) => type === "tool_result").map(toolMessage);
  const calls = blocks.filter(({ type }) => type === "tool_use").map(toolCall);
  const said = saidIn(blocks);
  if (calls.length > 0) {
    return [...results, { role, content: said === "" ? null : said, tool_calls: calls }];
  }
  // Results answer the calls of the message before, so they come first.
  return said === "" && results.length > 0 ? results : [...results, { role, content: said }];
}

/** A text; with pictures, parts. */
function saidIn(blocks: readonly JsonObject[]): string | JsonValue[] {
  const parts = blocks.flatMap((block): JsonObject[] => {
    if (block.type === "text" && typeof block.text === "string") {
      return [{ type: "text", text: block.text }];
    }
    const url = block.type === "image" ? imageUrl(objectOf(block.source)) : undefined;
    return url === undefined ? [] : [{ type: "image_url", image_url: { url } }];
  });
  if (parts.some(({ type }) => type === "image_url")) return parts;
  return parts.map(({ text }) => text).join("");
}

function imageUrl({ type, media_type, data, url }: JsonObject): string | undefined {
  if (type === "base64") return `data:${media_type};base64,${data}`;
  return typeof url === "string" ? url : undefined;
}

function toolMessage({ tool_use_id: id = "", content = "" }: JsonObject): JsonObject {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return { role: "tool", tool_call_id: id, content: text };
}

function toolCall({ id = "", name = "", input = {} }: JsonObject): JsonObject {
  return { id, type: "function", function: { name, arguments: JSON.stringify(input) } };
}

function chatTool(tool: JsonValue, at: number): JsonObject {
  if (!isObject(tool) || typeof tool.name !== "string" || tool.name === "") {
    throw new ConversionError(`invalid tool definition at index ${at + 1}`);
  }
  const { name, description, input_schema: parameters } = tool;
  return {
    type: "function",
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
    },
  };
}

function chatToolChoice({ type, name = "" }: JsonObject): JsonValue {
  if (type === "tool") return { type: "function", function: { name } };
  return type === "any" ? "required" : (type ?? "auto");
}

function textIn(system: JsonValue | undefined): string {
  if (typeof system === "string") return system;
  return objectsIn(system)
    .flatMap(({ text }) => (typeof text === "string" ? [text] : []))
    .join("");
}
