import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isList, isObject, type JsonObject } from "./json-body.ts";
import type { Protocol } from "./protocol.ts";

/** What is said in a prompt, by whom, whichever protocol it is in. */
export interface Message {
  readonly role: string | undefined;
  readonly content: string;
}

/** Only what is text; in the prompt's order, what the system says first. */
export function messagesOf(body: JsonValue, protocol: Protocol | undefined): readonly Message[] {
  if (!isObject(body)) return [];
  switch (protocol) {
    case "openai-chat":
    case "bedrock-converse":
      return saidIn(body.messages);
    case "anthropic-messages":
      return [...said("system", body.system), ...saidIn(body.messages)];
    case "openai-responses":
      return [...said("system", body.instructions), ...inputOf(body.input)];
    case "openai-embeddings":
      return inputOf(body.input);
    default:
      return [];
  }
}

/** Puts messages before all others; where the prompt's protocol has none, it stays as it is. */
export function prependMessages(
  body: JsonObject,
  protocol: Protocol | undefined,
  added: readonly Message[],
): JsonObject {
  if (added.length === 0) return body;
  if (protocol === "openai-responses") {
    const own = typeof body.instructions === "string" ? [body.instructions] : [];
    return { ...body, instructions: [...added.map(({ content }) => content), ...own].join("\n") };
  }
  return hasMessages(protocol) ? { ...body, messages: [...written(added), ...listOf(body)] } : body;
}

/** As `prependMessages`, behind all others. */
export function appendMessages(
  body: JsonObject,
  protocol: Protocol | undefined,
  added: readonly Message[],
): JsonObject {
  if (added.length === 0) return body;
  if (protocol !== "openai-responses") {
    return hasMessages(protocol)
      ? { ...body, messages: [...listOf(body), ...written(added)] }
      : body;
  }
  const text = added.map(({ content }) => content).join("\n");
  const { input } = body;
  if (isList(input)) {
    return { ...body, input: [...input, { type: "message", role: "user", content: text }] };
  }
  return { ...body, input: typeof input === "string" ? `${input}\n${text}` : text };
}

/** As they are in the prompt, for logs. */
export function rawMessages(body: JsonValue): JsonValue | undefined {
  return isObject(body) ? (body.messages ?? body.input) : undefined;
}

function hasMessages(protocol: Protocol | undefined): boolean {
  return protocol !== "openai-embeddings" && protocol !== "passthrough";
}

function written(added: readonly Message[]): JsonValue[] {
  return added.map(({ role = "user", content }) => ({ role, content }));
}

function listOf({ messages }: JsonObject): readonly JsonValue[] {
  return isList(messages) ? messages : [];
}

function saidIn(messages: JsonValue | undefined): Message[] {
  if (!isList(messages)) return [];
  return messages.flatMap((message) =>
    isObject(message) ? said(roleOf(message), message.content) : [],
  );
}

function inputOf(input: JsonValue | undefined): Message[] {
  if (!isList(input)) return said("user", input);
  return input.flatMap((item) => {
    if (!isObject(item)) return said("user", item);
    // What a tool has found out is a part of the prompt as well.
    return said(roleOf(item) ?? "user", item.content ?? item.output ?? item.text);
  });
}

function roleOf({ role }: JsonObject): string | undefined {
  return typeof role === "string" ? role : undefined;
}

/** None where there is no text. */
function said(role: string | undefined, content: JsonValue | undefined): Message[] {
  const texts = isList(content) ? content.flatMap(textOf) : textOf(content);
  return texts.length === 0 ? [] : [{ role, content: texts.join(" ") }];
}

function textOf(part: JsonValue | undefined): string[] {
  if (typeof part === "string") return [part];
  if (!isObject(part)) return [];
  if (typeof part.text === "string") return [part.text];
  // The result of a tool, whose own parts are texts.
  return isList(part.content) ? part.content.flatMap(textOf) : textOf(part.content);
}
