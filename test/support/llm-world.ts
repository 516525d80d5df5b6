import { definePlugin } from "../../edge/plugins/plugin.ts";
import { aPluginWorld } from "./plugin-world.ts";
import { aProvider } from "./scripted-provider.ts";

/** How long every provider takes, by the world's clock. */
const PROVIDER_MS = 7;

const LOGGED = [
  "request_type",
  "request_llm_model",
  "llm_model",
  "llm_prompt_tokens",
  "llm_completion_tokens",
  "llm_total_tokens",
  "llm_time_to_first_token",
  "llm_stream",
  "llm_tool_count",
  "llm_has_tool_calls",
  "llm_end_user_id",
  "llm_cache_read_input_tokens",
  "llm_reasoning_tokens",
  "llm_summary",
  "llm_request",
  "llm_response_text",
  "balancer_ip",
  "upstream_addr",
  "upstream_status",
];

/** A world with a provider in it, and a plugin `log-variables` that hears what loggers would. */
export function anOpenWorld(provider = aProvider()) {
  const entries: Record<string, unknown>[] = [];
  const logVariables = definePlugin(() => ({
    build: () => ({
      log: ({ variables }) => {
        entries.push(Object.fromEntries(LOGGED.map((name) => [name, variables.get(name)])));
      },
    }),
  }));
  const own = { name: "log-variables", priority: 1, schema: {}, plugin: logVariables };
  const world = aPluginWorld({
    deps: {
      fetch: async (input, init) => {
        const answer = await provider.fetch(input, init);
        world.clock.now += PROVIDER_MS;
        return answer;
      },
    },
    own: [own],
  });
  return {
    ...world,
    provider,
    /** The variables of the last request, in the log phase. */
    logged: async () => {
      await world.settled();
      return entries.at(-1) ?? {};
    },
  };
}

/** A configuration of `ai-proxy`. */
export function openAi(more: object = {}): object {
  return { provider: "openai", auth: { header: { Authorization: "Bearer k" } }, ...more };
}
