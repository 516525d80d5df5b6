import type { JsonSchema } from "../json-schema.ts";
import { headerNames, headerValues, someHeaders } from "./headers.ts";
import { maxResponseBody } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that change a request or an answer on its way. */

const METHODS = [
  "GET",
  "POST",
  "PUT",
  "HEAD",
  "DELETE",
  "OPTIONS",
  "MKCOL",
  "COPY",
  "MOVE",
  "PROPFIND",
  "LOCK",
  "UNLOCK",
  "PATCH",
  "TRACE",
];

export const proxyRewrite: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      uri: { type: "string", minLength: 1, maxLength: 4096, pattern: "^\\/.*" },
      method: { type: "string", enum: METHODS },
      regex_uri: { type: "array", minItems: 2, items: { type: "string" } },
      host: { type: "string", pattern: "^[0-9a-zA-Z-.]+(:\\d{1,5})?$" },
      headers: {
        description: "new headers for request",
        oneOf: [
          {
            type: "object",
            minProperties: 1,
            additionalProperties: false,
            properties: { add: someHeaders, set: someHeaders, remove: headerNames },
          },
          { type: "object", minProperties: 1, patternProperties: headerValues },
        ],
      },
      use_real_request_uri_unsafe: { type: "boolean", default: false },
    },
    minProperties: 1,
  },
};

/** `\$host` as it stands, `${host}` and `$host` as variables, `$` and others as they stand. */
const TEMPLATE =
  "(\\\\\\$[0-9a-zA-Z_]+)|\\$\\{([0-9a-zA-Z_]+)\\}|\\$([0-9a-zA-Z_]+)|(\\$|[^$\\\\]+)";

export const redirect: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      ret_code: { type: "integer", minimum: 200, default: 302 },
      uri: { type: "string", minLength: 2, pattern: TEMPLATE },
      regex_uri: { type: "array", items: { type: "string" }, minItems: 2, maxItems: 2 },
      http_to_https: { type: "boolean" },
      encode_uri: { type: "boolean", default: false },
      append_query_string: { type: "boolean", default: false },
    },
    oneOf: [{ required: ["uri"] }, { required: ["regex_uri"] }, { required: ["http_to_https"] }],
  },
};

export const responseRewrite: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      headers: {
        description: "new headers for response",
        anyOf: [
          someHeaders,
          {
            type: "object",
            properties: {
              add: {
                type: "array",
                minItems: 1,
                items: { type: "string", pattern: "^[^:]+:[^:]*[^/]$" },
              },
              set: someHeaders,
              remove: headerNames,
            },
          },
        ],
      },
      body: { type: "string" },
      body_base64: { type: "boolean", default: false },
      status_code: { type: "integer", minimum: 200, maximum: 598 },
      vars: { type: "array" },
      filters: {
        type: "array",
        minItems: 1,
        items: {
          type: "object",
          required: ["regex", "replace"],
          properties: {
            regex: { type: "string", minLength: 1 },
            scope: { type: "string", enum: ["once", "global"], default: "once" },
            replace: { type: "string" },
            options: { type: "string", default: "jo" },
          },
        },
      },
      max_resp_body_size: maxResponseBody,
    },
    dependencies: {
      body: { not: { required: ["filters"] } },
      filters: { not: { required: ["body"] } },
    },
  },
};

export const echo: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      before_body: { type: "string" },
      body: { type: "string" },
      after_body: { type: "string" },
      headers: { type: "object", minProperties: 1 },
    },
    anyOf: [{ required: ["before_body"] }, { required: ["body"] }, { required: ["after_body"] }],
    minProperties: 1,
  },
};

export const requestId: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      header_name: { type: "string", default: "X-Request-Id" },
      include_in_response: { type: "boolean", default: true },
      algorithm: {
        type: "string",
        enum: ["uuid", "nanoid", "range_id", "ksuid", "uuidv7"],
        default: "uuid",
      },
      range_id: {
        type: "object",
        properties: {
          length: { type: "integer", minimum: 6, default: 16 },
          char_set: {
            type: "string",
            minLength: 6,
            default: "abcdefghijklmnopqrstuvwxyzABCDEFGHIGKLMNOPQRSTUVWXYZ0123456789",
          },
        },
        default: {},
      },
    },
  },
};

export const attachConsumerLabel: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      headers: {
        type: "object",
        additionalProperties: { type: "string", pattern: "^\\$.*" },
        minProperties: 1,
      },
    },
    required: ["headers"],
  },
};

const template: JsonSchema = {
  type: "object",
  properties: {
    input_format: {
      type: "string",
      enum: ["xml", "json", "encoded", "args", "plain", "multipart"],
    },
    template: { type: "string" },
    template_is_base64: { type: "boolean" },
  },
  required: ["template"],
  additionalProperties: false,
};

export const bodyTransformer: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      request: template,
      response: template,
      max_req_body_size: maxResponseBody,
      max_resp_body_size: maxResponseBody,
    },
    anyOf: [
      { required: ["request"] },
      { required: ["response"] },
      { required: ["request", "response"] },
    ],
  },
};
