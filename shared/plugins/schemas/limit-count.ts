import type { JsonSchema } from "../json-schema.ts";
import { rejectedCode, someText } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { anyRedis } from "./redis.ts";

/** A number above zero, or a text with variables that will be one. */
export const quota: JsonSchema = {
  oneOf: [{ type: "integer", exclusiveMinimum: 0 }, { type: "string" }],
};

export const quotaRules: JsonSchema = {
  type: "array",
  items: {
    type: "object",
    properties: {
      count: quota,
      time_window: quota,
      key: { type: "string" },
      header_prefix: { type: "string" },
    },
    required: ["count", "time_window", "key"],
  },
};

export const REDIS_SECRETS = ["redis_password", "sentinel_password"] as const;

export const quotaFields: Readonly<Record<string, JsonSchema>> = {
  count: quota,
  time_window: quota,
  window_type: { type: "string", enum: ["fixed", "sliding"], default: "fixed" },
  rules: quotaRules,
  group: { type: "string" },
  key: { type: "string", default: "remote_addr" },
  key_type: { type: "string", enum: ["var", "var_combination", "constant"], default: "var" },
  rejected_code: rejectedCode(503),
  rejected_msg: someText,
  policy: {
    type: "string",
    enum: ["local", "redis", "redis-cluster", "redis-sentinel"],
    default: "local",
  },
  allow_degradation: { type: "boolean", default: false },
  show_limit_quota_header: { type: "boolean", default: true },
  sync_interval: { type: "number", default: -1 },
};

export const quotaOrRules: readonly JsonSchema[] = [
  { required: ["count", "time_window"] },
  { required: ["rules"] },
];

export const quotaHeaders: JsonSchema = {
  type: "object",
  properties: {
    limit_header: { type: "string", default: "X-RateLimit-Limit" },
    remaining_header: { type: "string", default: "X-RateLimit-Remaining" },
    reset_header: { type: "string", default: "X-RateLimit-Reset" },
  },
};

export const limitCount: PluginSchemas = {
  schema: {
    type: "object",
    properties: quotaFields,
    oneOf: quotaOrRules,
    encrypt_fields: REDIS_SECRETS,
    ...anyRedis,
  },
  metadataSchema: quotaHeaders,
};
