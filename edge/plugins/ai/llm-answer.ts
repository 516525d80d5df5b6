import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isList, isObject, type JsonObject } from "./json-body.ts";
import type { Protocol } from "./protocol.ts";
import type { SseEvent } from "./sse-events.ts";

/** Tokens, as a provider counts them. */
export interface TokenUsage {
  readonly prompt: number;
  readonly completion: number;
  readonly total: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
  readonly reasoning: number;
}

/** What an answer, or a piece of one, tells. */
export interface ToldByAnswer {
  readonly texts: readonly string[];
  readonly usage: TokenUsage | undefined;
  readonly callsTool: boolean;
}

const NOTHING: ToldByAnswer = { texts: [], usage: undefined, callsTool: false };

/** Of an answer that came in one. */
export function toldByAnswer(answer: JsonValue, protocol: Protocol): ToldByAnswer {
  if (!isObject(answer)) return NOTHING;
  const usage = usageOf(answer.usage, protocol);
  switch (protocol) {
    case "openai-chat": {
      const messages = objectsIn(answer.choices).map(({ message }) => objectOf(message));
      const texts = messages.flatMap(({ content }) => textsIn(content));
      return { texts, usage, callsTool: messages.some(callsTools) };
    }
    case "anthropic-messages": {
      const blocks = objectsIn(answer.content);
      const callsTool = blocks.some(({ type }) => type === "tool_use");
      return { texts: blocks.flatMap(({ text }) => textsIn(text)), usage, callsTool };
    }
    case "openai-responses": {
      const output = objectsIn(answer.output);
      const parts = output.flatMap(({ content }) => objectsIn(content));
      const callsTool = output.some(({ type }) => type === "function_call");
      return { texts: parts.flatMap(({ text }) => textsIn(text)), usage, callsTool };
    }
    default:
      return { ...NOTHING, usage };
  }
}

/** Of one event of a stream. */
export function toldByEvent({ type, data }: SseEvent, protocol: Protocol): ToldByAnswer {
  const value = parsedData(data);
  if (!value) return NOTHING;
  switch (protocol) {
    case "openai-chat": {
      const deltas = objectsIn(value.choices).map(({ delta }) => objectOf(delta));
      const texts = deltas.flatMap(({ content }) => textsIn(content));
      const callsTool = deltas.some(callsTools);
      return { texts, usage: usageOf(value.usage, protocol), callsTool };
    }
    case "anthropic-messages": {
      // A stream begins with what the prompt took, and ends with what the answer did.
      const usage = usageOf(objectOf(value.message).usage ?? value.usage, protocol);
      const callsTool = objectOf(value.content_block).type === "tool_use";
      return { texts: textsIn(objectOf(value.delta).text), usage, callsTool };
    }
    case "openai-responses": {
      if (type === "response.output_text.delta") return { ...NOTHING, texts: textsIn(value.delta) };
      if (type !== "response.completed") return NOTHING;
      const { usage, callsTool } = toldByAnswer(objectOf(value.response), protocol);
      return { texts: [], usage, callsTool };
    }
    default:
      return NOTHING;
  }
}

/** What a stream tells in several places: what a later one leaves out, or has as 0, stays. */
export function mergedUsage(earlier: TokenUsage | undefined, later: TokenUsage): TokenUsage {
  if (!earlier) return later;
  const prompt = later.prompt || earlier.prompt;
  const completion = later.completion || earlier.completion;
  return {
    prompt,
    completion,
    total: Math.max(later.total, prompt + completion),
    cacheRead: later.cacheRead || earlier.cacheRead,
    cacheCreation: later.cacheCreation || earlier.cacheCreation,
    reasoning: later.reasoning || earlier.reasoning,
  };
}

/** Undefined: the data is no JSON object, as `[DONE]`. */
export function parsedData(data: string): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(data);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return isList(value) ? value.filter(isObject) : [];
}

export function count(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

function usageOf(raw: JsonValue | undefined, protocol: Protocol): TokenUsage | undefined {
  if (!isObject(raw) || protocol === "passthrough") return undefined;
  const inputDetails = objectOf(raw.prompt_tokens_details ?? raw.input_tokens_details);
  const outputDetails = objectOf(raw.completion_tokens_details ?? raw.output_tokens_details);
  const prompt = count(raw.prompt_tokens ?? raw.input_tokens);
  const completion = count(raw.completion_tokens ?? raw.output_tokens);
  return {
    prompt,
    completion,
    total: count(raw.total_tokens) || prompt + completion,
    // OpenAI, DeepSeek and Anthropic each have a name of their own.
    cacheRead: count(
      inputDetails.cached_tokens ?? raw.prompt_cache_hit_tokens ?? raw.cache_read_input_tokens,
    ),
    cacheCreation: count(
      inputDetails.cache_creation_input_tokens ?? raw.cache_creation_input_tokens,
    ),
    reasoning: count(outputDetails.reasoning_tokens),
  };
}

function callsTools({ tool_calls: calls }: JsonObject): boolean {
  return isList(calls) && calls.length > 0;
}

function textsIn(text: JsonValue | undefined): string[] {
  return typeof text === "string" ? [text] : [];
}
