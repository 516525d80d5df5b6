import type { JsonValue } from "../../../shared/expression/variables.ts";
import type { Exchange } from "../exchange.ts";
import type { Instance } from "./instance.ts";
import { isList } from "./json-body.ts";
import { mergedUsage, objectOf, type TokenUsage, type ToldByAnswer } from "./llm-answer.ts";
import { rawMessages } from "./messages.ts";
import { pickInstance } from "./picked-instance.ts";
import type { Prompt } from "./prompt.ts";
import { askedModel, type ProviderRequest } from "./provider-request.ts";

/** Whether logs get what was said, and in how many bytes. */
export interface LlmLogging {
  readonly summaries?: boolean;
  readonly payloads?: boolean;
}

/** Of an answer's text, what a log may hold. */
const MOST_LOGGED = 512 * 1024;

/** What became of one request to language models: variables tell it, and logs (reference, part 6). */
export class LlmRecord {
  readonly #exchange: Exchange;
  readonly #logging: LlmLogging;
  readonly #prompt: Prompt;
  #usage: TokenUsage | undefined;
  #text = "";

  constructor(exchange: Exchange, prompt: Prompt, logging: LlmLogging = {}) {
    this.#exchange = exchange;
    this.#logging = logging;
    this.#prompt = prompt;
  }

  /** An instance will be asked; of an earlier one nothing counts any more. */
  asking(instance: Instance, { body }: ProviderRequest): void {
    this.#usage = undefined;
    this.#text = "";
    const model = askedModel(this.#prompt, instance);
    if (model !== undefined) this.#set("llm_model", model);
    pickInstance(this.#exchange, instance.name);
    const { tools, safety_identifier, user, metadata } = objectOf(body);
    this.#set("llm_tool_count", isList(tools) ? tools.length : 0);
    const endUser = safety_identifier ?? user ?? objectOf(metadata).user_id;
    if (typeof endUser === "string") this.#set("llm_end_user_id", endUser);
  }

  firstToken(ms: number): void {
    this.#set("llm_time_to_first_token", Math.floor(ms));
  }

  told({ texts, usage, callsTool }: ToldByAnswer): void {
    if (callsTool) this.#set("llm_has_tool_calls", "true");
    if (this.#logging.payloads && this.#text.length < MOST_LOGGED) this.#text += texts.join("");
    if (!usage) return;
    this.#usage = mergedUsage(this.#usage, usage);
    this.#set("llm_prompt_tokens", this.#usage.prompt);
    this.#set("llm_completion_tokens", this.#usage.completion);
    this.#set("llm_total_tokens", this.#usage.total);
    this.#set("llm_cache_read_input_tokens", this.#usage.cacheRead);
    this.#set("llm_cache_creation_input_tokens", this.#usage.cacheCreation);
    this.#set("llm_reasoning_tokens", this.#usage.reasoning);
  }

  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  /** For loggers, which find these as variables and in their entries. */
  log(): void {
    const { summaries, payloads } = this.#logging;
    if (summaries) this.#set("llm_summary", this.#summary());
    if (!payloads) return;
    const { body, isStream } = this.#prompt;
    this.#set("llm_request", { messages: rawMessages(body) ?? null, stream: isStream });
    this.#set("llm_response_text", { content: this.#text.slice(0, MOST_LOGGED) });
  }

  #summary(): JsonValue {
    const { variables } = this.#exchange;
    return Object.fromEntries(
      SUMMARY.map(([field, variable]) => [field, variables.get(variable) ?? null]),
    );
  }

  #set(name: string, value: JsonValue): void {
    this.#exchange.setVariable(name, value);
  }
}

const SUMMARY = [
  ["request_model", "request_llm_model"],
  ["model", "llm_model"],
  ["duration", "llm_time_to_first_token"],
  ["prompt_tokens", "llm_prompt_tokens"],
  ["completion_tokens", "llm_completion_tokens"],
  ["total_tokens", "llm_total_tokens"],
  ["upstream_response_time", "upstream_response_time"],
  ["stream", "llm_stream"],
  ["tool_count", "llm_tool_count"],
  ["has_tool_calls", "llm_has_tool_calls"],
  ["end_user_id", "llm_end_user_id"],
  ["cache_read_input_tokens", "llm_cache_read_input_tokens"],
  ["cache_creation_input_tokens", "llm_cache_creation_input_tokens"],
  ["reasoning_tokens", "llm_reasoning_tokens"],
] as const;
