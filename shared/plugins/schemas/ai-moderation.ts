import type { JsonSchema } from "../json-schema.ts";
import { failMode } from "./ai-prompts.ts";
import { keepalive, timeout } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that have prompts and answers judged by someone else. */

const roles = (defaults: readonly string[]): JsonSchema => ({
  type: "array",
  minItems: 1,
  items: { type: "string", enum: ["system", "user", "assistant", "tool"] },
  default: defaults,
});

const count = (standard: number): JsonSchema => ({
  type: "integer",
  minimum: 1,
  default: standard,
});

const whichMessages = (standard: string): JsonSchema => ({
  type: "string",
  enum: ["last", "all"],
  default: standard,
});

const streamed: Readonly<Record<string, JsonSchema>> = {
  stream_check_mode: {
    type: "string",
    enum: ["realtime", "final_packet"],
    default: "final_packet",
  },
  stream_check_cache_size: count(128),
  stream_check_interval: { type: "number", minimum: 0.1, default: 3 },
};

const verdict: Readonly<Record<string, JsonSchema>> = {
  check_request: { type: "boolean", default: true },
  check_response: { type: "boolean", default: false },
  deny_code: { type: "number", default: 200 },
  deny_message: { type: "string" },
  fail_mode: failMode,
};

export const aiAliyunContentModeration: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      ...streamed,
      ...verdict,
      endpoint: { type: "string", minLength: 1 },
      region_id: { type: "string", minLength: 1 },
      access_key_id: { type: "string", minLength: 1 },
      access_key_secret: { type: "string", minLength: 1 },
      request_check_service: { type: "string", minLength: 1, default: "llm_query_moderation" },
      request_check_length_limit: { type: "number", default: 2000 },
      request_check_mode: whichMessages("last"),
      request_check_roles: roles(["user"]),
      response_check_service: { type: "string", minLength: 1, default: "llm_response_moderation" },
      response_check_length_limit: { type: "number", default: 5000 },
      risk_level_bar: {
        type: "string",
        enum: ["none", "low", "medium", "high", "max"],
        default: "high",
      },
      timeout: count(10_000),
      ...keepalive(30),
      ssl_verify: { type: "boolean", default: true },
    },
    encrypt_fields: ["access_key_secret"],
    required: ["endpoint", "region_id", "access_key_id", "access_key_secret"],
  },
};

const score: JsonSchema = { type: "number", minimum: 0, maximum: 1 };
const CATEGORIES = [
  "PROFANITY",
  "HATE_SPEECH",
  "INSULT",
  "HARASSMENT_OR_ABUSE",
  "SEXUAL",
  "VIOLENCE_OR_THREAT",
];

export const aiAwsContentModeration: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      comprehend: {
        type: "object",
        properties: {
          access_key_id: { type: "string" },
          secret_access_key: { type: "string" },
          region: { type: "string" },
          endpoint: { type: "string", pattern: "^https?://" },
          ssl_verify: { type: "boolean", default: true },
        },
        required: ["access_key_id", "secret_access_key", "region"],
      },
      moderation_categories: {
        type: "object",
        patternProperties: { [`^(${CATEGORIES.join("|")})$`]: score },
        additionalProperties: false,
      },
      moderation_threshold: { ...score, default: 0.5 },
      ...verdict,
      ...streamed,
      request_check_mode: whichMessages("all"),
      request_check_roles: roles(["user", "tool", "system", "assistant"]),
      request_check_length_limit: count(1000),
      response_check_length_limit: count(1000),
      timeout: count(10_000),
      keepalive: { type: "boolean", default: true },
      keepalive_timeout: { type: "integer", minimum: 1000, default: 60_000 },
    },
    encrypt_fields: ["comprehend.secret_access_key"],
    required: ["comprehend"],
  },
};

export const aiLakeraGuard: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      api_key: { type: "string", minLength: 1 },
      lakera_endpoint: { type: "string", default: "https://api.lakera.ai/v2/guard" },
      project_id: { type: "string" },
      direction: { type: "string", enum: ["input", "output", "both"], default: "input" },
      action: { type: "string", enum: ["block", "alert"], default: "block" },
      deny_code: { type: "integer", minimum: 200, maximum: 599, default: 200 },
      fail_mode: failMode,
      fail_open: { type: "boolean", default: false },
      reveal_failure_categories: { type: "boolean", default: false },
      request_failure_message: {
        type: "string",
        default: "Request blocked by Lakera Guard",
      },
      response_failure_message: {
        type: "string",
        default: "Response blocked by Lakera Guard",
      },
      timeout: timeout(5000),
      ssl_verify: { type: "boolean", default: true },
    },
    encrypt_fields: ["api_key"],
    required: ["api_key"],
  },
};
