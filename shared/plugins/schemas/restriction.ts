import type { JsonSchema } from "../json-schema.ts";
import { addressOrNetwork, HOST_PATTERN, rejectedCode, someText, when } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that let a request pass or not by what is known of it. */

const addresses: JsonSchema = { type: "array", items: { anyOf: addressOrNetwork }, minItems: 1 };

export const ipRestriction: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      message: {
        type: "string",
        minLength: 1,
        maxLength: 1024,
        default: "Your IP address is not allowed",
      },
      response_code: { type: "integer", minimum: 403, maximum: 404, default: 403 },
      whitelist: addresses,
      blacklist: addresses,
    },
    oneOf: [{ required: ["whitelist"] }, { required: ["blacklist"] }],
  },
};

const patterns: JsonSchema = {
  type: "array",
  minItems: 1,
  items: { type: "string", minLength: 1 },
};

export const uaRestriction: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      bypass_missing: { type: "boolean", default: false },
      allowlist: patterns,
      denylist: patterns,
      message: { type: "string", minLength: 1, maxLength: 1024, default: "Not allowed" },
    },
    oneOf: [{ required: ["allowlist"] }, { required: ["denylist"] }],
  },
};

const hosts: JsonSchema = {
  type: "array",
  items: { type: "string", pattern: HOST_PATTERN },
  minItems: 1,
};

export const refererRestriction: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      bypass_missing: { type: "boolean", default: false },
      whitelist: hosts,
      blacklist: hosts,
      message: {
        type: "string",
        minLength: 1,
        maxLength: 1024,
        default: "Your referer host is not allowed",
      },
    },
    oneOf: [{ required: ["whitelist"] }, { required: ["blacklist"] }],
  },
};

export const uriBlocker: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      block_rules: {
        type: "array",
        items: { type: "string", minLength: 1, maxLength: 4096 },
        uniqueItems: true,
      },
      rejected_code: { type: "integer", minimum: 200, default: 403 },
      rejected_msg: someText,
      case_insensitive: { type: "boolean", default: false },
    },
    required: ["block_rules"],
  },
};

const names: JsonSchema = { type: "array", minItems: 1, items: { type: "string" } };

export const consumerRestriction: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      type: {
        type: "string",
        enum: ["consumer_name", "service_id", "route_id", "consumer_group_id"],
        default: "consumer_name",
      },
      blacklist: names,
      whitelist: names,
      allowed_by_methods: {
        type: "array",
        items: {
          type: "object",
          properties: {
            user: { type: "string" },
            methods: {
              type: "array",
              minItems: 1,
              items: {
                type: "string",
                enum: [
                  "GET",
                  "POST",
                  "PUT",
                  "DELETE",
                  "PATCH",
                  "HEAD",
                  "OPTIONS",
                  "CONNECT",
                  "TRACE",
                  "PURGE",
                ],
              },
            },
          },
        },
      },
      rejected_code: { type: "integer", minimum: 200, default: 403 },
      rejected_msg: { type: "string" },
    },
    anyOf: [
      { required: ["blacklist"] },
      { required: ["whitelist"] },
      { required: ["allowed_by_methods"] },
    ],
  },
};

const labels: JsonSchema = {
  type: "object",
  minProperties: 1,
  patternProperties: { ".*": { type: "array", minItems: 1, items: { type: "string" } } },
};

export const acl: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      external_user_label_field: { type: "string", default: "groups", minLength: 1 },
      external_user_label_field_key: someText,
      external_user_label_field_parser: {
        type: "string",
        enum: ["segmented_text", "json", "table"],
      },
      external_user_label_field_separator: someText,
      allow_labels: labels,
      deny_labels: labels,
      rejected_code: { type: "integer", minimum: 200, default: 403 },
      rejected_msg: { type: "string" },
    },
    allOf: [
      when(
        {
          required: ["external_user_label_field_parser"],
          properties: { external_user_label_field_parser: { const: "segmented_text" } },
        },
        { required: ["external_user_label_field_separator"] },
      ),
    ],
    anyOf: [{ required: ["allow_labels"] }, { required: ["deny_labels"] }],
  },
};

export const requestValidation: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      header_schema: { type: "object" },
      body_schema: { type: "object" },
      rejected_code: rejectedCode(400),
      rejected_msg: { type: "string", minLength: 1, maxLength: 256 },
      max_req_body_size: { type: "integer", minimum: 1, default: 67_108_864 },
    },
    anyOf: [{ required: ["header_schema"] }, { required: ["body_schema"] }],
  },
};

export const csrf: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      key: { type: "string" },
      expires: { type: "integer", default: 7200 },
      name: { type: "string", default: "apisix-csrf-token" },
    },
    encrypt_fields: ["key"],
    required: ["key"],
  },
};

export const clientControl: PluginSchemas = {
  schema: {
    type: "object",
    properties: { max_body_size: { type: "integer", minimum: 0 } },
  },
};
