import type { JsonSchema } from "../json-schema.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that have nothing to set, or only in their metadata. */

const nothing: JsonSchema = { type: "object", properties: {} };

export const noSettings: PluginSchemas = { schema: nothing };

export const batchRequests: PluginSchemas = {
  schema: nothing,
  metadataSchema: {
    type: "object",
    properties: {
      max_body_size: {
        description: "max pipeline body size in bytes",
        type: "integer",
        exclusiveMinimum: 0,
        default: 1_048_576,
      },
      max_pipeline_items: { type: "integer", exclusiveMinimum: 0, default: 1000 },
    },
  },
};

const page: JsonSchema = {
  type: "object",
  properties: {
    body: { type: "string", minLength: 1 },
    content_type: { type: "string", default: "text/html" },
  },
};

export const errorPage: PluginSchemas = {
  schema: nothing,
  metadataSchema: {
    type: "object",
    properties: {
      enable: { type: "boolean", default: false },
      error_404: page,
      error_500: page,
      error_502: page,
      error_503: page,
    },
  },
};

export const prometheus: PluginSchemas = {
  schema: { type: "object", properties: { prefer_name: { type: "boolean", default: false } } },
  metadataSchema: {
    type: "object",
    properties: {
      disabled_labels: {
        type: "object",
        additionalProperties: { type: "array", items: { type: "string" } },
      },
    },
  },
};

export const publicApi: PluginSchemas = {
  schema: {
    type: "object",
    properties: { uri: { type: "string", minLength: 1, maxLength: 4096 } },
  },
};

export const examplePlugin: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      i: { type: "number", minimum: 0 },
      s: { type: "string" },
      t: { type: "array", minItems: 1 },
      ip: { type: "string" },
      port: { type: "integer" },
    },
    required: ["i"],
  },
  metadataSchema: {
    type: "object",
    properties: { ikey: { type: "number", minimum: 0 }, skey: { type: "string" } },
    required: ["ikey", "skey"],
  },
};
