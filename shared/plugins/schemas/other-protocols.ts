import type { JsonSchema } from "../json-schema.ts";
import { maxRequestBody, maxResponseBody } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { id } from "./upstream.ts";

/** Plugins that translate between HTTP and what an upstream speaks. */

const PB_OPTIONS = [
  "enum_as_name",
  "enum_as_value",
  "int64_as_number",
  "int64_as_string",
  "int64_as_hexstring",
  "auto_default_values",
  "no_default_values",
  "use_default_values",
  "use_default_metatable",
  "enable_hooks",
  "disable_hooks",
];

export const grpcTranscode: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      proto_id: id,
      service: { description: "the grpc service name", type: "string" },
      method: { description: "the method name in the grpc service.", type: "string" },
      deadline: { description: "deadline for grpc, millisecond", type: "number", default: 0 },
      pb_option: {
        type: "array",
        items: { type: "string", anyOf: [{ enum: PB_OPTIONS }] },
        minItems: 1,
      },
      show_status_in_body: { type: "boolean", default: false },
      status_detail_type: { type: "string" },
      max_resp_body_size: maxResponseBody,
    },
    additionalProperties: true,
    required: ["proto_id", "service", "method"],
  },
};

export const grpcWeb: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      cors_allow_headers: {
        type: "string",
        default: "content-type,x-grpc-web,x-user-agent",
      },
      max_req_body_size: maxRequestBody,
    },
  },
};

export const dubboProxy: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      service_name: { type: "string", minLength: 1 },
      service_version: { type: "string", pattern: "^\\d+\\.\\d+\\.\\d+" },
      method: { type: "string", minLength: 1 },
    },
    required: ["service_name", "service_version"],
  },
};

const milliseconds: JsonSchema = { type: "number", default: 6000 };

export const httpDubbo: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      service_name: { type: "string", minLength: 1 },
      service_version: { type: "string", pattern: "^\\d+\\.\\d+\\.\\d+", default: "0.0.0" },
      method: { type: "string", minLength: 1 },
      params_type_desc: { type: "string", default: "" },
      serialization_header_key: { type: "string" },
      serialized: { type: "boolean", default: false },
      connect_timeout: milliseconds,
      read_timeout: milliseconds,
      send_timeout: milliseconds,
      max_req_body_size: maxRequestBody,
    },
    required: ["service_name", "method"],
  },
};

export const kafkaProxy: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      sasl: {
        type: "object",
        properties: { username: { type: "string" }, password: { type: "string" } },
        required: ["username", "password"],
      },
    },
    encrypt_fields: ["sasl.password"],
  },
};

export const degraphql: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      query: { type: "string", minLength: 1, maxLength: 1024 },
      variables: { type: "array", items: { type: "string" }, minItems: 1 },
      operation_name: { type: "string", minLength: 1, maxLength: 1024 },
      max_req_body_size: maxRequestBody,
    },
    required: ["query"],
  },
};

export const oasValidator: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      spec: { type: "string", minLength: 1 },
      spec_url: { type: "string", pattern: "^https?://" },
      spec_url_request_headers: { type: "object", additionalProperties: { type: "string" } },
      ssl_verify: { type: "boolean", default: false },
      timeout: { type: "integer", minimum: 1000, maximum: 60_000, default: 10_000 },
      verbose_errors: { type: "boolean", default: false },
      skip_request_body_validation: { type: "boolean", default: false },
      skip_request_header_validation: { type: "boolean", default: false },
      skip_query_param_validation: { type: "boolean", default: false },
      skip_path_params_validation: { type: "boolean", default: false },
      reject_if_not_match: { type: "boolean", default: true },
      rejection_status_code: { type: "integer", minimum: 400, maximum: 599, default: 400 },
      max_req_body_size: maxRequestBody,
    },
    oneOf: [{ required: ["spec"] }, { required: ["spec_url"] }],
  },
  metadataSchema: {
    type: "object",
    properties: { spec_url_ttl: { type: "integer", minimum: 1, default: 3600 } },
  },
};
