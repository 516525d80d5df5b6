import type { JsonSchema } from "../json-schema.ts";
import { keepalive, maxRequestBody } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { healthChecks } from "./upstream.ts";

/** Plugins that speak to a provider of language models. */

const PROVIDERS = [
  "openai",
  "deepseek",
  "aimlapi",
  "anthropic",
  "openai-compatible",
  "azure-openai",
  "openrouter",
  "gemini",
  "vertex-ai",
  "bedrock",
];

const provider: JsonSchema = {
  type: "string",
  description: "type of the AI provider",
  enum: PROVIDERS,
};

const authValues: JsonSchema = {
  type: "object",
  patternProperties: { "^[a-zA-Z0-9._-]+$": { type: "string" } },
};

export const simpleAuth: JsonSchema = {
  type: "object",
  properties: { header: authValues, query: authValues },
  additionalProperties: false,
};

const auth: JsonSchema = {
  type: "object",
  properties: {
    header: authValues,
    query: authValues,
    gcp: {
      type: "object",
      description: "Whether to use GCP service account for authentication",
      properties: {
        service_account_json: { type: "string" },
        max_ttl: { type: "integer", minimum: 1 },
        expire_early_secs: { type: "integer", minimum: 0, default: 60 },
      },
    },
    aws: {
      type: "object",
      properties: {
        access_key_id: { type: "string", minLength: 1 },
        secret_access_key: { type: "string", minLength: 1 },
        session_token: { type: "string" },
      },
      required: ["access_key_id", "secret_access_key"],
    },
  },
  additionalProperties: false,
};

/** Whatever the provider takes besides. */
const modelOptions: JsonSchema = {
  description: "Key/value settings for the model",
  type: "object",
  properties: { model: { type: "string", description: "Model to execute." } },
  additionalProperties: true,
};

const override: JsonSchema = {
  type: "object",
  properties: {
    endpoint: {
      type: "string",
      description: "To be specified to override the endpoint of the AI Instance",
    },
    llm_options: { type: "object" },
    request_body: { type: "object" },
    request_body_force_override: { type: "boolean", default: false },
  },
};

const providerConf: JsonSchema = {
  type: "object",
  description: "Configuration for the provider itself",
  properties: {
    project_id: { type: "string", minLength: 1 },
    region: { type: "string", minLength: 1 },
  },
};

const logging: JsonSchema = {
  type: "object",
  properties: {
    summaries: { type: "boolean", default: false },
    payloads: { type: "boolean", default: false },
  },
};

/** Milliseconds and bytes. */
const transport: Readonly<Record<string, JsonSchema>> = {
  timeout: { type: "integer", minimum: 1, maximum: 600_000, default: 30_000 },
  ...keepalive(30),
  ssl_verify: { type: "boolean", default: true },
  streaming_flush_interval_ms: { type: "integer", minimum: 0, default: 10 },
  max_req_body_size: maxRequestBody,
  max_response_bytes: { type: "integer", minimum: 1 },
  max_stream_duration_ms: { type: "integer", minimum: 1 },
};

const SECRETS = [
  "header",
  "query",
  "gcp.service_account_json",
  "aws.secret_access_key",
  "aws.session_token",
];

export const aiProxy: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      provider,
      provider_conf: providerConf,
      logging,
      auth,
      options: modelOptions,
      override,
      ...transport,
    },
    required: ["provider", "auth"],
    encrypt_fields: SECRETS.map((field) => `auth.${field}`),
  },
};

const statusList: JsonSchema = {
  type: "array",
  minItems: 1,
  items: { type: "integer", minimum: 100, maximum: 599 },
  uniqueItems: true,
};

const fallback = ["instance_health_and_rate_limiting", "http_429", "http_5xx", "rate_limiting"];

const instance: JsonSchema = {
  type: "object",
  properties: {
    name: {
      type: "string",
      minLength: 1,
      maxLength: 100,
      description: "Name of the AI service instance.",
    },
    provider,
    provider_conf: providerConf,
    priority: { type: "integer", default: 0 },
    weight: { type: "integer", minimum: 0 },
    auth,
    options: modelOptions,
    override,
    checks: healthChecks,
    examples: { type: "array", items: { type: "string" }, minItems: 1 },
    threshold: { type: "number", minimum: 0, maximum: 1 },
  },
  required: ["name", "provider", "auth", "weight"],
};

const balancer: JsonSchema = {
  type: "object",
  properties: {
    algorithm: { type: "string", enum: ["chash", "roundrobin", "semantic"] },
    hash_on: {
      type: "string",
      default: "vars",
      enum: ["vars", "header", "cookie", "consumer", "vars_combinations"],
    },
    key: { description: "the key of chash for dynamic load balancing", type: "string" },
  },
  default: { algorithm: "roundrobin" },
};

const semantic: JsonSchema = {
  type: "object",
  properties: {
    embeddings: {
      type: "object",
      properties: {
        provider: { type: "string" },
        auth: simpleAuth,
        options: { type: "object" },
        override: { type: "object" },
      },
    },
    threshold: { type: "number", minimum: 0, maximum: 1, default: 0 },
    fallback: { type: "string" },
    debugging: { type: "boolean", default: false },
  },
  required: ["embeddings"],
};

export const aiProxyMulti: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      balancer,
      instances: { type: "array", minItems: 1, items: instance },
      logging,
      fallback_strategy: {
        anyOf: [
          { type: "string", enum: fallback },
          { type: "array", items: { type: "string", enum: fallback } },
        ],
      },
      fallback_http_statuses: statusList,
      max_retries: { type: "integer", minimum: 0 },
      retry_on_failure_within_ms: { type: "integer", minimum: 1 },
      semantic_opts: semantic,
      ...transport,
    },
    required: ["instances"],
    encrypt_fields: [
      ...SECRETS.map((field) => `instances.auth.${field}`),
      "semantic_opts.embeddings.auth.header",
      "semantic_opts.embeddings.auth.query",
    ],
  },
};

export const aiRequestRewrite: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      prompt: { type: "string", description: "The prompt to rewrite the request" },
      provider,
      auth: simpleAuth,
      options: modelOptions,
      override: { type: "object", properties: { endpoint: { type: "string" } } },
      timeout: { type: "integer", minimum: 1, maximum: 60_000, default: 30_000 },
      keepalive: { type: "boolean", default: true },
      keepalive_pool: { type: "integer", minimum: 1, default: 30 },
      ssl_verify: { type: "boolean", default: true },
      max_req_body_size: maxRequestBody,
    },
    required: ["prompt", "provider", "auth"],
  },
};
