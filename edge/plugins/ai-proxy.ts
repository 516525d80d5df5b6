import { answerClient } from "./ai/answer-client.ts";
import { askInstance } from "./ai/ask-instance.ts";
import { type InstanceConfiguration, openInstance } from "./ai/instance.ts";
import { type LlmLogging, LlmRecord } from "./ai/llm-record.ts";
import type { LlmStreamLimits } from "./ai/llm-stream.ts";
import { pickInstance } from "./ai/picked-instance.ts";
import { type Prompt, readPrompt } from "./ai/prompt.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

interface AiProxyConfiguration extends InstanceConfiguration, LlmStreamLimits {
  readonly logging?: LlmLogging;
  readonly max_req_body_size: number;
}

interface Asked {
  readonly prompt: Prompt;
  readonly record: LlmRecord;
}

/** `ai-proxy`: a language model answers in the upstream's place (reference 8.8). */
export const aiProxy = definePlugin<AiProxyConfiguration>((deps) => ({
  build(configuration) {
    const { logging, max_req_body_size: maxBytes } = configuration;
    const instance = openInstance(`ai-proxy-${configuration.provider}`, configuration);
    const asked = new WeakMap<Exchange, Asked>();
    return {
      async access(exchange): Promise<Exit | undefined> {
        const prompt = await readPrompt(exchange, maxBytes);
        if ("status" in prompt) return prompt;
        pickInstance(exchange, instance.name);
        asked.set(exchange, { prompt, record: new LlmRecord(exchange, prompt, logging) });
        return undefined;
      },
      async beforeProxy(exchange): Promise<Exit | undefined> {
        const known = asked.get(exchange);
        if (!known) return undefined;
        const ask = { exchange, instance, limits: configuration, ...known };
        return answerClient(exchange, await askInstance(ask, deps));
      },
      log: (exchange) => asked.get(exchange)?.record.log(),
    };
  },
}));
