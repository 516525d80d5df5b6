import type { JsonSchema } from "../json-schema.ts";
import { batchProcessor, logFormat, loggedBodies, loggerMetadata } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Loggers that send their entries over TCP or UDP, or write them to a file. */

const metadataSchema: JsonSchema = { type: "object", properties: loggerMetadata };
const port: JsonSchema = { type: "integer", minimum: 0 };

export const tcpLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      host: { type: "string" },
      port,
      tls: { type: "boolean", default: false },
      tls_options: { type: "string" },
      timeout: { type: "integer", minimum: 1, default: 1000 },
      ...loggedBodies,
      ...batchProcessor("tcp logger"),
    },
    required: ["host", "port"],
  },
  metadataSchema,
};

export const udpLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      host: { type: "string" },
      port,
      timeout: { type: "integer", minimum: 1, default: 3 },
      ...loggedBodies,
      ...batchProcessor("udp logger"),
    },
    required: ["host", "port"],
  },
  metadataSchema,
};

const syslogFields: Readonly<Record<string, JsonSchema>> = {
  host: { type: "string" },
  port: { type: "integer" },
  flush_limit: { type: "integer", minimum: 1, default: 4096 },
  drop_limit: { type: "integer", default: 1_048_576 },
  timeout: { type: "integer", minimum: 1, default: 3000 },
  sock_type: { type: "string", default: "tcp", enum: ["tcp", "udp"] },
  pool_size: { type: "integer", minimum: 5, default: 5 },
  tls: { type: "boolean", default: false },
};

export const syslog: PluginSchemas = {
  schema: {
    type: "object",
    properties: { ...syslogFields, ...loggedBodies, ...batchProcessor("sys logger") },
    required: ["host", "port"],
  },
  metadataSchema,
};

export const streamSyslog: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      ...syslogFields,
      log_format: { type: "object" },
      ...batchProcessor("stream sys logger"),
    },
    required: ["host", "port"],
  },
  metadataSchema: {
    type: "object",
    properties: {
      log_format: { type: "object" },
      max_pending_entries: { type: "integer", minimum: 1, default: 8192 },
    },
  },
};

export const slsLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      host: { type: "string" },
      port: { type: "integer" },
      project: { type: "string" },
      logstore: { type: "string" },
      access_key_id: { type: "string" },
      access_key_secret: { type: "string" },
      ssl_verify: { type: "boolean", default: true },
      timeout: { type: "integer", minimum: 1, default: 5000 },
      ...loggedBodies,
      ...batchProcessor("sls-logger"),
    },
    encrypt_fields: ["access_key_secret"],
    required: ["host", "port", "project", "logstore", "access_key_id", "access_key_secret"],
  },
  metadataSchema,
};

const SEVERITIES = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERR", "CRIT", "ALERT", "EMEGR"];
const severity: JsonSchema = {
  type: "string",
  enum: [...SEVERITIES, ...SEVERITIES.map((name) => name.toLowerCase())],
};

export const loggly: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      customer_token: { type: "string" },
      severity: { ...severity, default: "INFO", description: "base severity log level" },
      severity_map: {
        type: "object",
        description: "upstream response code vs syslog severity mapping",
        patternProperties: { "^[1-5][0-9]{2}$": severity },
        additionalProperties: false,
      },
      tags: {
        type: "array",
        minItems: 1,
        items: { type: "string", pattern: "^(?!tag=)[ -~]*" },
        default: ["apisix"],
      },
      ssl_verify: { type: "boolean", default: true },
      ...loggedBodies,
      ...batchProcessor("loggly"),
    },
    encrypt_fields: ["customer_token"],
    required: ["customer_token"],
  },
  metadataSchema: {
    type: "object",
    properties: {
      host: { type: "string", default: "logs-01.loggly.com" },
      port: { type: "integer", default: 514 },
      protocol: { type: "string", default: "syslog", enum: ["syslog", "http", "https"] },
      timeout: { type: "integer", minimum: 1, default: 5000 },
      ...loggerMetadata,
    },
  },
};

const conditions: JsonSchema = { type: "array", maxItems: 20, items: { type: "array" } };

export const fileLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: { path: { type: "string" }, ...loggedBodies, match: conditions },
  },
  metadataSchema: {
    type: "object",
    properties: { path: { type: "string" }, ...logFormat },
  },
};
