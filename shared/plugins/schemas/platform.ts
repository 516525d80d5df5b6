import type { JsonSchema } from "../json-schema.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that set nginx itself, run Lua, or speak to a process of the gateway's own machine. */

export const proxyBuffering: PluginSchemas = {
  schema: {
    type: "object",
    properties: { disable_proxy_buffering: { type: "boolean", default: false } },
  },
};

export const proxyControl: PluginSchemas = {
  schema: {
    type: "object",
    properties: { request_buffering: { type: "boolean", default: true } },
  },
};

const compressedTypes: JsonSchema = {
  anyOf: [{ type: "array", minItems: 1, items: { type: "string", minLength: 1 } }, { enum: ["*"] }],
  default: ["text/html"],
};
const compression: Readonly<Record<string, JsonSchema>> = {
  types: compressedTypes,
  min_length: { type: "integer", minimum: 1, default: 20 },
  http_version: { enum: [1.1, 1.0], default: 1.1 },
  vary: { type: "boolean" },
};

export const gzip: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      ...compression,
      comp_level: { type: "integer", minimum: 1, maximum: 9, default: 1 },
      buffers: {
        type: "object",
        properties: {
          number: { type: "integer", minimum: 1, default: 32 },
          size: { type: "integer", minimum: 1, default: 4096 },
        },
        default: { number: 32, size: 4096 },
      },
    },
  },
};

const WINDOWS = [0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];
const BLOCKS = [0, 16, 17, 18, 19, 20, 21, 22, 23, 24];

export const brotli: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      ...compression,
      mode: { type: "integer", minimum: 0, maximum: 2, default: 0 },
      comp_level: { type: "integer", minimum: 0, maximum: 11, default: 6 },
      lgwin: { enum: WINDOWS, default: 19 },
      lgblock: { enum: BLOCKS, default: 0 },
    },
  },
};

const luaFunctions: JsonSchema = { type: "array", items: { type: "string" }, minItems: 1 };

export const serverless: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      phase: {
        type: "string",
        default: "access",
        enum: ["rewrite", "access", "header_filter", "body_filter", "log", "before_proxy"],
      },
      functions: luaFunctions,
    },
    required: ["functions"],
  },
};

export const exitTransformer: PluginSchemas = {
  schema: { type: "object", properties: { functions: luaFunctions }, required: ["functions"] },
};

export const extPlugin: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      conf: {
        type: "array",
        items: {
          type: "object",
          properties: {
            name: { type: "string", maxLength: 128, minLength: 1 },
            value: { type: "string" },
          },
          required: ["name", "value"],
        },
        minItems: 1,
      },
      allow_degradation: { type: "boolean", default: false },
    },
  },
};

export const mcpBridge: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      base_uri: { type: "string", default: "" },
      command: { type: "string", minLength: 1 },
      args: { type: "array", items: { type: "string" }, minItems: 0 },
    },
    required: ["command"],
  },
};
