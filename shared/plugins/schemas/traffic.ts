import type { JsonSchema } from "../json-schema.ts";
import { someHeaders } from "./headers.ts";
import { addressOrNetwork } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { id, upstream } from "./upstream.ts";

/** Plugins that decide where a request goes, or that it goes nowhere. */

/** A list of rules, or a logic word before them. */
const condition: JsonSchema = {
  type: "array",
  items: { anyOf: [{ type: "array" }, { type: "string" }] },
  minItems: 1,
};

export const trafficSplit: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      rules: {
        type: "array",
        items: {
          type: "object",
          properties: {
            match: {
              type: "array",
              items: { type: "object", properties: { vars: { type: "array" } } },
            },
            weighted_upstreams: {
              type: "array",
              items: {
                type: "object",
                properties: {
                  upstream_id: id,
                  upstream,
                  weight: {
                    description: "used to split traffic between different upstreams",
                    type: "integer",
                    default: 1,
                    minimum: 0,
                  },
                },
              },
              default: [{ weight: 1 }],
              minItems: 1,
              maxItems: 20,
            },
          },
        },
      },
    },
  },
};

export const trafficLabel: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      rules: {
        type: "array",
        items: {
          type: "object",
          properties: {
            match: condition,
            actions: {
              type: "array",
              items: {
                type: "object",
                properties: {
                  set_headers: {
                    description: "new headers for request",
                    type: "object",
                    minProperties: 1,
                  },
                  weight: { type: "integer", default: 1, minimum: 1 },
                },
              },
              minItems: 1,
            },
          },
          required: ["actions"],
        },
        minItems: 1,
      },
    },
    required: ["rules"],
  },
};

export const workflow: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      rules: {
        type: "array",
        items: {
          type: "object",
          properties: {
            case: condition,
            actions: { type: "array", items: { type: "array", minItems: 1 } },
          },
          required: ["actions"],
        },
      },
    },
    required: ["rules"],
  },
};

const percentage: JsonSchema = { type: "integer", minimum: 0, maximum: 100 };
const vars: JsonSchema = { type: "array", maxItems: 20, items: { type: "array" } };

export const faultInjection: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      abort: {
        type: "object",
        properties: {
          http_status: { type: "integer", minimum: 200 },
          body: { type: "string", minLength: 0 },
          headers: someHeaders,
          percentage,
          vars,
        },
        required: ["http_status"],
      },
      delay: {
        type: "object",
        properties: { duration: { type: "number", minimum: 0 }, percentage, vars },
        required: ["duration"],
      },
    },
    minProperties: 1,
  },
};

export const mocking: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      delay: { type: "integer", default: 0 },
      response_status: { type: "integer", default: 200, minimum: 100 },
      content_type: { type: "string", default: "application/json;charset=utf8" },
      response_example: { type: "string" },
      response_schema: { type: "object" },
      with_mock_header: { type: "boolean", default: true },
      response_headers: someHeaders,
    },
    anyOf: [{ required: ["response_example"] }, { required: ["response_schema"] }],
  },
};

const breakerStatuses = (minimum: number, maximum: number, standard: number): JsonSchema => ({
  type: "array",
  minItems: 1,
  items: { type: "integer", minimum, maximum },
  uniqueItems: true,
  default: [standard],
});
const threshold: JsonSchema = { type: "integer", minimum: 1, default: 3 };

export const apiBreaker: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      break_response_code: { type: "integer", minimum: 200, maximum: 599 },
      break_response_body: { type: "string" },
      break_response_headers: {
        type: "array",
        items: {
          type: "object",
          properties: {
            key: { type: "string", minLength: 1 },
            value: { type: "string", minLength: 1 },
          },
          required: ["key", "value"],
        },
      },
      max_breaker_sec: { type: "integer", minimum: 3, default: 300 },
      unhealthy: {
        type: "object",
        properties: { http_statuses: breakerStatuses(500, 599, 500), failures: threshold },
        default: { http_statuses: [500], failures: 3 },
      },
      healthy: {
        type: "object",
        properties: { http_statuses: breakerStatuses(200, 499, 200), successes: threshold },
        default: { http_statuses: [200], successes: 3 },
      },
    },
    required: ["break_response_code"],
  },
};

export const proxyMirror: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      host: {
        type: "string",
        pattern: "^(http(s)?|grpc(s)?):\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?$",
      },
      path: { type: "string", pattern: "^/[^?&]+$" },
      path_concat_mode: { type: "string", default: "replace", enum: ["replace", "prefix"] },
      sample_ratio: { type: "number", minimum: 0.00001, maximum: 1, default: 1 },
    },
    required: ["host"],
  },
};

export const realIp: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      trusted_addresses: { type: "array", items: { anyOf: addressOrNetwork }, minItems: 1 },
      source: { type: "string", minLength: 1 },
      recursive: { type: "boolean", default: false },
    },
    required: ["source"],
  },
};
