import type { JsonSchema } from "../json-schema.ts";
import { failMode } from "./ai-prompts.ts";
import { quota, quotaRules, REDIS_SECRETS } from "./limit-count.ts";
import { rejectedCode, someText, when } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { anyRedis, oneRedis } from "./redis.ts";

/** Plugins that spare calls of language models: limits of tokens, and a cache. */

export const aiRateLimiting: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      limit: quota,
      time_window: quota,
      show_limit_quota_header: { type: "boolean", default: true },
      limit_strategy: {
        type: "string",
        enum: ["total_tokens", "prompt_tokens", "completion_tokens", "expression"],
        default: "total_tokens",
        description: "The strategy to limit the tokens",
      },
      cost_expr: { type: "string", minLength: 1 },
      instances: {
        type: "array",
        items: {
          type: "object",
          properties: { name: { type: "string" }, limit: quota, time_window: quota },
          required: ["name", "limit", "time_window"],
        },
        minItems: 1,
      },
      rejected_code: rejectedCode(503),
      rejected_msg: someText,
      rules: quotaRules,
      policy: {
        type: "string",
        enum: ["local", "redis", "redis-cluster", "redis-sentinel"],
        default: "local",
      },
      allow_degradation: { type: "boolean", default: false },
    },
    dependencies: { limit: ["time_window"], time_window: ["limit"] },
    anyOf: [
      { required: ["limit", "time_window"] },
      { required: ["instances"] },
      { required: ["rules"] },
    ],
    encrypt_fields: REDIS_SECRETS,
    ...anyRedis,
  },
};

const seconds = (standard: number): JsonSchema => ({
  type: "integer",
  minimum: 1,
  maximum: 2_592_000,
  default: standard,
});

const embedding: JsonSchema = {
  type: "object",
  properties: {
    openai: {
      type: "object",
      properties: {
        endpoint: { type: "string" },
        api_key: { type: "string" },
        model: { type: "string" },
      },
      required: ["api_key"],
    },
    azure_openai: {
      type: "object",
      properties: { endpoint: { type: "string" }, api_key: { type: "string" } },
      required: ["endpoint", "api_key"],
    },
  },
  maxProperties: 1,
};

export const aiCache: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      layers: {
        type: "array",
        items: { type: "string", enum: ["exact", "semantic"] },
        minItems: 1,
        uniqueItems: true,
        default: ["exact"],
      },
      exact: {
        type: "object",
        properties: { ttl: seconds(3600) },
        additionalProperties: false,
        default: { ttl: 3600 },
      },
      semantic: {
        type: "object",
        properties: {
          ttl: seconds(86_400),
          similarity_threshold: { type: "number", minimum: 0, maximum: 1, default: 0.95 },
          top_k: { type: "integer", minimum: 1, default: 1 },
          distance_metric: { type: "string", enum: ["cosine"], default: "cosine" },
          match: { type: "object" },
          embedding,
          vector_search: { type: "object" },
        },
        required: ["embedding", "vector_search"],
      },
      cache_key: {
        type: "object",
        properties: {
          share_across_routes: { type: "boolean", default: false },
          include_consumer: { type: "boolean", default: false },
          include_vars: { type: "array", items: { type: "string", minLength: 1 } },
        },
      },
      bypass_on: {
        type: "array",
        items: {
          type: "object",
          properties: { header: { type: "string" }, equals: { type: "string" } },
          required: ["header", "equals"],
        },
      },
      cache_headers: { type: "boolean", default: true },
      max_cache_body_size: { type: "integer", minimum: 1, default: 1_048_576 },
      fail_mode: failMode,
      policy: { type: "string", enum: ["redis"], default: "redis" },
    },
    encrypt_fields: [
      "redis_password",
      "semantic.embedding.openai.api_key",
      "semantic.embedding.azure_openai.api_key",
    ],
    ...when({ properties: { policy: { enum: ["redis"] } } }, oneRedis),
  },
};
