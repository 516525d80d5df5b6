import type { Protocol } from "./protocol.ts";

/** One protocol that a provider speaks. */
export interface Capability {
  readonly path: string;
  /** The field that limits the tokens of an answer; undefined: it has none. */
  readonly mostTokens?: "max_tokens" | "max_completion_tokens" | "max_output_tokens";
}

export interface Provider {
  /** Undefined: only its user knows. */
  readonly host?: string;
  /** The model is told by the endpoint, so the body must not name one. */
  readonly removesModel?: boolean;
  readonly capabilities: Readonly<Partial<Record<Protocol, Capability>>>;
}

const chat = (path: string): Provider["capabilities"] => ({
  "openai-chat": { path, mostTokens: "max_tokens" },
});

/** All that the edge speaks to, as APISIX does (reference 8.8). */
export const PROVIDERS: ReadonlyMap<string, Provider> = new Map<string, Provider>([
  [
    "openai",
    {
      host: "api.openai.com",
      capabilities: {
        "openai-chat": { path: "/v1/chat/completions", mostTokens: "max_completion_tokens" },
        "openai-responses": { path: "/v1/responses", mostTokens: "max_output_tokens" },
        "openai-embeddings": { path: "/v1/embeddings" },
      },
    },
  ],
  ["deepseek", { host: "api.deepseek.com", capabilities: chat("/chat/completions") }],
  ["aimlapi", { host: "api.aimlapi.com", capabilities: chat("/chat/completions") }],
  [
    "anthropic",
    {
      host: "api.anthropic.com",
      capabilities: {
        ...chat("/v1/chat/completions"),
        "anthropic-messages": { path: "/v1/messages", mostTokens: "max_tokens" },
      },
    },
  ],
  ["openrouter", { host: "openrouter.ai", capabilities: chat("/api/v1/chat/completions") }],
  [
    "gemini",
    {
      host: "generativelanguage.googleapis.com",
      capabilities: chat("/v1beta/openai/chat/completions"),
    },
  ],
  ["azure-openai", { removesModel: true, capabilities: chat("/completions") }],
  [
    "openai-compatible",
    {
      capabilities: {
        ...chat("/v1/chat/completions"),
        "openai-responses": { path: "/v1/responses", mostTokens: "max_output_tokens" },
        "openai-embeddings": { path: "/v1/embeddings" },
      },
    },
  ],
]);
