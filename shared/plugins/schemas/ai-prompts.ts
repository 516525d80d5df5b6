import type { JsonSchema } from "../json-schema.ts";
import { maxRequestBody } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that read or write the prompt. */

const patterns: JsonSchema = { type: "array", items: { type: "string" }, default: [] };

export const failMode: JsonSchema = {
  type: "string",
  enum: ["skip", "warn", "error"],
  default: "skip",
};

export const aiPromptGuard: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      match_all_roles: { type: "boolean", default: false },
      match_all_conversation_history: { type: "boolean", default: false },
      allow_patterns: patterns,
      deny_patterns: patterns,
      fail_mode: failMode,
      max_req_body_size: maxRequestBody,
    },
  },
};

const role: JsonSchema = { type: "string", enum: ["system", "user", "assistant"] };

const messages: JsonSchema = {
  type: "array",
  items: {
    type: "object",
    properties: { role, content: { type: "string", minLength: 1 } },
    additionalProperties: false,
    required: ["role", "content"],
  },
};

export const aiPromptDecorator: PluginSchemas = {
  schema: {
    type: "object",
    properties: { prepend: messages, append: messages, max_req_body_size: maxRequestBody },
    anyOf: [
      { required: ["prepend"] },
      { required: ["append"] },
      { required: ["append", "prepend"] },
    ],
  },
};

export const aiPromptTemplate: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      templates: {
        type: "array",
        minItems: 1,
        items: {
          type: "object",
          properties: {
            name: { type: "string", minLength: 1 },
            template: {
              type: "object",
              properties: {
                model: { type: "string", minLength: 1 },
                messages: {
                  type: "array",
                  minItems: 1,
                  items: {
                    type: "object",
                    properties: { role, content: { type: "string", minLength: 1 } },
                  },
                },
              },
            },
          },
          required: ["name", "template"],
        },
      },
      max_req_body_size: maxRequestBody,
    },
    required: ["templates"],
  },
};

const azureAuth = (fields: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
  type: "object",
  properties: { endpoint: { type: "string" }, api_key: { type: "string" }, ...fields },
  required: ["endpoint", "api_key"],
});

export const aiRag: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      embeddings_provider: {
        type: "object",
        properties: { azure_openai: azureAuth() },
        required: ["azure_openai"],
        maxProperties: 1,
      },
      vector_search_provider: {
        type: "object",
        properties: { azure_ai_search: azureAuth() },
        required: ["azure_ai_search"],
        maxProperties: 1,
      },
      ssl_verify: { type: "boolean", default: true },
    },
    encrypt_fields: [
      "embeddings_provider.azure_openai.api_key",
      "vector_search_provider.azure_ai_search.api_key",
    ],
    required: ["embeddings_provider", "vector_search_provider"],
  },
};
