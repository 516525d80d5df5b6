import type { JsonSchema } from "../json-schema.ts";
import { batchProcessor } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const sampleRatio: JsonSchema = { type: "number", minimum: 0.00001, maximum: 1 };

export const zipkin: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint: { type: "string" },
      sample_ratio: sampleRatio,
      service_name: {
        type: "string",
        description: "service name for zipkin reporter",
        default: "APISIX",
      },
      server_addr: {
        type: "string",
        description: "default is $server_addr, you can specify your external ip address",
        pattern: "^[0-9]{1,3}.[0-9]{1,3}.[0-9]{1,3}.[0-9]{1,3}$",
      },
      span_version: { enum: [1, 2], default: 2 },
    },
    required: ["endpoint", "sample_ratio"],
  },
};

export const skywalking: PluginSchemas = {
  schema: { type: "object", properties: { sample_ratio: { ...sampleRatio, default: 1 } } },
};

const attributes: JsonSchema = { type: "array", items: { type: "string", minLength: 1 } };
const fraction: JsonSchema = { type: "number", minimum: 0, maximum: 1, default: 0 };

const rootSampler: JsonSchema = {
  type: "object",
  title: "for parent_base sampler",
  properties: {
    name: {
      type: "string",
      enum: ["always_on", "always_off", "trace_id_ratio"],
      default: "always_off",
    },
    options: { type: "object", properties: { fraction }, default: { fraction: 0 } },
  },
  default: { name: "always_off", options: { fraction: 0 } },
};

const seconds = (standard: number): JsonSchema => ({ type: "integer", default: standard });

export const opentelemetry: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      sampler: {
        type: "object",
        properties: {
          name: {
            type: "string",
            enum: ["always_on", "always_off", "trace_id_ratio", "parent_base"],
            default: "always_off",
          },
          options: {
            type: "object",
            properties: { fraction, root: rootSampler },
            default: {
              fraction: 0,
              root: { name: "always_off", options: { fraction: 0 } },
            },
          },
        },
        default: {
          name: "always_off",
          options: { fraction: 0, root: { name: "always_off", options: { fraction: 0 } } },
        },
      },
      additional_attributes: attributes,
      additional_header_prefix_attributes: attributes,
    },
  },
  metadataSchema: {
    type: "object",
    properties: {
      trace_id_source: {
        type: "string",
        enum: ["x-request-id", "random"],
        description: "the source of trace id",
        default: "random",
      },
      resource: {
        type: "object",
        description: "additional resource",
        additionalProperties: { type: ["boolean", "number", "string"] },
      },
      collector: {
        type: "object",
        description: "opentelemetry collector",
        properties: {
          address: { type: "string", default: "127.0.0.1:4318" },
          request_timeout: { ...seconds(3), description: "second uint" },
          request_headers: { type: "object", additionalProperties: { type: "string" } },
        },
        default: { address: "127.0.0.1:4318", request_timeout: 3 },
      },
      batch_span_processor: {
        type: "object",
        description: "batch span processor",
        properties: {
          drop_on_queue_full: { type: "boolean" },
          max_queue_size: { type: "integer" },
          batch_timeout: { type: "number" },
          inactive_timeout: { type: "number" },
          max_export_batch_size: { type: "integer" },
        },
        default: {},
      },
      set_ngx_var: { type: "boolean", default: false },
    },
  },
};

export const datadog: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      prefer_name: { type: "boolean", default: true },
      include_path: { type: "boolean", default: false },
      include_method: { type: "boolean", default: false },
      constant_tags: { type: "array", items: { type: "string" }, default: [] },
      ...batchProcessor("datadog"),
    },
  },
  metadataSchema: {
    type: "object",
    properties: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "integer", minimum: 0, default: 8125 },
      namespace: { type: "string", default: "apisix" },
      constant_tags: { type: "array", items: { type: "string" }, default: ["source:apisix"] },
      max_pending_entries: { type: "integer", minimum: 1, default: 8192 },
    },
  },
};
