import type { JsonValue } from "../../../shared/expression/variables.ts";
import { ConversionError } from "./anthropic-request.ts";
import { isObject, type JsonObject } from "./json-body.ts";
import { count, objectOf, objectsIn, parsedData } from "./llm-answer.ts";
import { type SseEvent, writeEvent } from "./sse-events.ts";

const STOP_REASONS: ReadonlyMap<JsonValue | undefined, string> = new Map([
  ["stop", "end_turn"],
  ["length", "max_tokens"],
  ["content_filter", "end_turn"],
  ["tool_calls", "tool_use"],
]);

/** An answer of OpenAI's chat as one of Anthropic's Messages API. Throws `ConversionError`. */
export function anthropicOfChat(answer: JsonValue, model: string | undefined): JsonObject {
  const { id = "", model: own = "", choices, usage } = objectOf(answer);
  const [choice] = objectsIn(choices);
  if (!choice) throw new ConversionError("no choices in response");
  const { content: text, tool_calls: calls } = objectOf(choice.message);
  const blocks = [
    ...(typeof text === "string" && text !== "" ? [{ type: "text", text }] : []),
    ...objectsIn(calls).map(toolUse),
  ];
  return {
    id,
    type: "message",
    role: "assistant",
    model: model ?? own,
    content: blocks.length === 0 ? [{ type: "text", text: "" }] : blocks,
    stop_reason: stopReason(choice),
    stop_sequence: null,
    usage: anthropicUsage(objectOf(usage)),
  };
}

function toolUse({ id = "", function: called }: JsonObject): JsonObject {
  const { name = "", arguments: text } = objectOf(called);
  const input = typeof text === "string" && text !== "" ? parsedData(text) : {};
  if (!input) throw new ConversionError("invalid tool_call arguments");
  return { type: "tool_use", id, name, input };
}

function stopReason({ finish_reason: reason }: JsonObject): string {
  return STOP_REASONS.get(reason) ?? "end_turn";
}

function anthropicUsage(usage: JsonObject): JsonObject {
  const { cached_tokens: cached } = objectOf(usage.prompt_tokens_details);
  return {
    input_tokens: count(usage.prompt_tokens),
    output_tokens: count(usage.completion_tokens),
    ...(cached === undefined ? {} : { cache_read_input_tokens: count(cached) }),
  };
}

/**
 * A stream of OpenAI's chat, event by event, as one of Anthropic's. What ends a message waits for the usage,
 * which OpenAI tells behind the last choice.
 */
export class AnthropicStream {
  #isOpen = false;
  #isOver = false;
  /** The block that pieces go to, if one is open. */
  #block: number | undefined;
  #blocks = 0;
  /** Blocks by the index of OpenAI's tool calls. */
  readonly #calls = new Map<JsonValue, number>();
  #stop: string | undefined;
  #usage: JsonObject = {};

  /** What the client gets for it; "": nothing. */
  convert({ data }: SseEvent): string {
    if (data === "[DONE]") return this.end();
    const chunk = parsedData(data);
    if (!chunk || this.#isOver) return "";
    if (isObject(chunk.error)) return this.#fail(chunk.error);
    const events: JsonObject[] = [];
    if (!this.#isOpen) events.push(this.#start(chunk));
    if (isObject(chunk.usage)) this.#usage = chunk.usage;
    const [choice] = objectsIn(chunk.choices);
    if (choice) {
      const delta = objectOf(choice.delta);
      if (typeof delta.content === "string" && delta.content !== "") {
        events.push(...this.#text(delta.content));
      }
      for (const call of objectsIn(delta.tool_calls)) events.push(...this.#call(call));
      if (typeof choice.finish_reason === "string") this.#stop = stopReason(choice);
    }
    return written(events);
  }

  /** What is left to be told when there is nothing more to come. */
  end(): string {
    if (!this.#isOpen || this.#isOver || this.#stop === undefined) return "";
    this.#isOver = true;
    const delta = { stop_reason: this.#stop, stop_sequence: null };
    return written([
      ...this.#close(),
      { type: "message_delta", delta, usage: anthropicUsage(this.#usage) },
      { type: "message_stop" },
    ]);
  }

  #fail({ type, message = "" }: JsonObject): string {
    this.#isOver = true;
    return written([{ type: "error", error: { type: type ?? "api_error", message } }]);
  }

  #start({ id = "", model = "" }: JsonObject): JsonObject {
    this.#isOpen = true;
    const usage = { input_tokens: 0, output_tokens: 0 };
    const message = { id, type: "message", role: "assistant", model, content: [], usage };
    return { type: "message_start", message };
  }

  #text(text: string): JsonObject[] {
    const isInText = this.#block !== undefined && ![...this.#calls.values()].includes(this.#block);
    const opened = isInText ? [] : this.#open({ type: "text", text: "" });
    return [...opened, this.#delta({ type: "text_delta", text })];
  }

  #call({ index = 0, id = "", function: called }: JsonObject): JsonObject[] {
    const { name = "", arguments: piece } = objectOf(called);
    const events: JsonObject[] = [];
    if (!this.#calls.has(index)) {
      this.#calls.set(index, this.#blocks);
      events.push(...this.#open({ type: "tool_use", id, name, input: {} }));
    }
    if (typeof piece === "string" && piece !== "") {
      const delta = { type: "input_json_delta", partial_json: piece };
      events.push(this.#delta(delta, this.#calls.get(index)));
    }
    return events;
  }

  #open(block: JsonObject): JsonObject[] {
    const closed = this.#close();
    this.#block = this.#blocks;
    this.#blocks += 1;
    return [...closed, { type: "content_block_start", index: this.#block, content_block: block }];
  }

  #close(): JsonObject[] {
    if (this.#block === undefined) return [];
    const index = this.#block;
    this.#block = undefined;
    return [{ type: "content_block_stop", index }];
  }

  #delta(delta: JsonObject, block = this.#block): JsonObject {
    return { type: "content_block_delta", index: block ?? 0, delta };
  }
}

function written(events: readonly JsonObject[]): string {
  return events
    .map((event) => writeEvent({ type: String(event.type), data: JSON.stringify(event) }))
    .join("");
}
