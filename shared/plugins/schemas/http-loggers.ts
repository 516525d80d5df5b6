import type { JsonSchema } from "../json-schema.ts";
import {
  absoluteUri,
  batchProcessor,
  keepalive,
  logFormat,
  loggedBodies,
  loggerMetadata,
  timeout,
} from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Loggers that send their entries over HTTP. */

const metadataSchema: JsonSchema = { type: "object", properties: loggerMetadata };
const sslVerify = (standard: boolean): JsonSchema => ({ type: "boolean", default: standard });
const seconds = (standard: number): JsonSchema => ({
  type: "integer",
  minimum: 1,
  default: standard,
});
const addresses = (item: JsonSchema): JsonSchema => ({
  type: "array",
  items: item,
  minItems: 1,
});

export const httpLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      uri: absoluteUri,
      auth_header: { type: "string" },
      timeout: seconds(3),
      ...loggedBodies,
      concat_method: { type: "string", default: "json", enum: ["json", "new_line"] },
      ssl_verify: sslVerify(false),
      ...batchProcessor("http logger"),
    },
    required: ["uri"],
    encrypt_fields: ["auth_header"],
  },
  metadataSchema,
};

export const lokiLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint_addrs: addresses(absoluteUri),
      endpoint_uri: { type: "string", minLength: 1, default: "/loki/api/v1/push" },
      tenant_id: { type: "string", default: "fake" },
      headers: { type: "object", patternProperties: { ".*": { type: "string", minLength: 1 } } },
      log_labels: {
        type: "object",
        patternProperties: { ".*": { type: "string", minLength: 1 } },
        default: { job: "apisix" },
      },
      ssl_verify: sslVerify(false),
      timeout: timeout(3000),
      ...keepalive(),
      ...loggedBodies,
      ...batchProcessor("loki-logger"),
    },
    required: ["endpoint_addrs"],
    encrypt_fields: ["headers"],
  },
  metadataSchema,
};

const elasticsearchAddress: JsonSchema = { type: "string", pattern: "[^/]$" };

export const elasticsearchLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint_addr: elasticsearchAddress,
      endpoint_addrs: addresses(elasticsearchAddress),
      field: {
        type: "object",
        properties: { index: { type: "string" } },
        required: ["index"],
      },
      auth: {
        type: "object",
        properties: {
          username: { type: "string", minLength: 1 },
          password: { type: "string", minLength: 1 },
        },
        required: ["username", "password"],
      },
      headers: {
        type: "object",
        minProperties: 1,
        patternProperties: { "^[^:]+$": { type: "string", minLength: 1 } },
      },
      timeout: seconds(10),
      ssl_verify: sslVerify(true),
      ...loggedBodies,
      ...batchProcessor("elasticsearch-logger"),
    },
    oneOf: [{ required: ["endpoint_addr", "field"] }, { required: ["endpoint_addrs", "field"] }],
    encrypt_fields: ["auth.password", "headers"],
  },
  metadataSchema,
};

export const clickhouseLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint_addr: absoluteUri,
      endpoint_addrs: addresses(absoluteUri),
      user: { type: "string", default: "" },
      password: { type: "string", default: "" },
      database: { type: "string", default: "" },
      logtable: { type: "string", default: "" },
      timeout: seconds(3),
      ssl_verify: sslVerify(true),
      ...loggedBodies,
      ...batchProcessor("clickhouse logger"),
    },
    oneOf: [
      { required: ["endpoint_addr", "user", "password", "database", "logtable"] },
      { required: ["endpoint_addrs", "user", "password", "database", "logtable"] },
    ],
    encrypt_fields: ["password"],
  },
  metadataSchema,
};

export const splunkHecLogging: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint: {
        type: "object",
        properties: {
          uri: absoluteUri,
          token: { type: "string" },
          channel: { type: "string" },
          timeout: seconds(10),
          keepalive_timeout: { type: "integer", minimum: 1000, default: 60_000 },
        },
        required: ["uri", "token"],
      },
      ssl_verify: sslVerify(true),
      ...logFormat,
      ...batchProcessor("splunk-hec-logging"),
    },
    required: ["endpoint"],
    encrypt_fields: ["endpoint.token"],
  },
  metadataSchema,
};

export const skywalkingLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint_addr: absoluteUri,
      service_name: { type: "string", default: "APISIX" },
      service_instance_name: { type: "string", default: "APISIX Instance Name" },
      timeout: seconds(3),
      ...loggedBodies,
      ...batchProcessor("skywalking logger"),
    },
    required: ["endpoint_addr"],
  },
  metadataSchema,
};

const googleText = (standard?: string): JsonSchema =>
  standard === undefined ? { type: "string" } : { type: "string", default: standard };
const googleScopes: JsonSchema = {
  type: "array",
  items: { description: "Google OAuth2 authorization scopes", type: "string" },
  minItems: 1,
  uniqueItems: true,
  default: [
    "https://www.googleapis.com/auth/logging.read",
    "https://www.googleapis.com/auth/logging.write",
    "https://www.googleapis.com/auth/logging.admin",
    "https://www.googleapis.com/auth/cloud-platform",
  ],
};

export const googleCloudLogging: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      auth_config: {
        type: "object",
        properties: {
          client_email: googleText(),
          private_key: googleText(),
          project_id: googleText(),
          token_uri: googleText("https://oauth2.googleapis.com/token"),
          scope: googleScopes,
          scopes: googleScopes,
          entries_uri: googleText("https://logging.googleapis.com/v2/entries:write"),
        },
        required: ["client_email", "private_key", "project_id", "token_uri"],
      },
      ssl_verify: sslVerify(true),
      auth_file: { type: "string" },
      resource: {
        type: "object",
        properties: { type: { type: "string" }, labels: { type: "object" } },
        default: { type: "global" },
        required: ["type"],
      },
      log_id: { type: "string", default: "apisix.apache.org%2Flogs" },
      ...logFormat,
      ...batchProcessor("google-cloud-logging"),
    },
    oneOf: [{ required: ["auth_config"] }, { required: ["auth_file"] }],
    encrypt_fields: ["auth_config.private_key"],
  },
  metadataSchema,
};

export const tencentCloudCls: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      scheme: { type: "string", enum: ["http", "https"], default: "https" },
      cls_host: { type: "string" },
      cls_topic: { type: "string" },
      secret_id: { type: "string" },
      secret_key: { type: "string" },
      sample_ratio: { type: "number", minimum: 0.00001, maximum: 1, default: 1 },
      ssl_verify: sslVerify(true),
      global_tag: { type: "object" },
      ...loggedBodies,
      ...batchProcessor("tencent-cloud-cls"),
    },
    encrypt_fields: ["secret_key"],
    required: ["cls_host", "cls_topic", "secret_id", "secret_key"],
  },
  metadataSchema,
};

export const lago: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint_addrs: addresses(absoluteUri),
      endpoint_uri: { type: "string", minLength: 1, default: "/api/v1/events/batch" },
      token: { type: "string" },
      event_transaction_id: { type: "string" },
      event_subscription_id: { type: "string" },
      event_code: { type: "string" },
      event_properties: {
        type: "object",
        patternProperties: { ".*": { type: "string", minLength: 1 } },
      },
      ssl_verify: sslVerify(true),
      timeout: timeout(3000),
      ...keepalive(),
      ...batchProcessor("lago"),
    },
    required: [
      "endpoint_addrs",
      "token",
      "event_transaction_id",
      "event_subscription_id",
      "event_code",
    ],
    encrypt_fields: ["token"],
  },
  metadataSchema: {
    type: "object",
    properties: { max_pending_entries: { type: "integer", minimum: 1, default: 8192 } },
  },
};
