import { keepalive, maxRequestBody, timeout } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that ask someone whether a request may go on. */

export const authzCasbin: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      model_path: { type: "string" },
      policy_path: { type: "string" },
      model: { type: "string" },
      policy: { type: "string" },
      username: { type: "string" },
    },
    oneOf: [
      { required: ["model_path", "policy_path", "username"] },
      { required: ["model", "policy", "username"] },
      {
        required: ["username"],
        not: {
          anyOf: [
            { required: ["model_path"] },
            { required: ["policy_path"] },
            { required: ["model"] },
            { required: ["policy"] },
          ],
        },
      },
    ],
  },
  metadataSchema: {
    type: "object",
    properties: { model: { type: "string" }, policy: { type: "string" } },
    required: ["model", "policy"],
  },
};

export const authzKeycloak: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      discovery: { type: "string", minLength: 1, maxLength: 4096 },
      token_endpoint: { type: "string", minLength: 1, maxLength: 4096 },
      resource_registration_endpoint: { type: "string", minLength: 1, maxLength: 4096 },
      client_id: { type: "string", minLength: 1, maxLength: 100 },
      client_secret: { type: "string", minLength: 1, maxLength: 100 },
      grant_type: {
        type: "string",
        default: "urn:ietf:params:oauth:grant-type:uma-ticket",
        enum: ["urn:ietf:params:oauth:grant-type:uma-ticket"],
        minLength: 1,
        maxLength: 100,
      },
      policy_enforcement_mode: {
        type: "string",
        enum: ["ENFORCING", "PERMISSIVE"],
        default: "ENFORCING",
      },
      permissions: {
        type: "array",
        items: { type: "string", minLength: 1, maxLength: 100 },
        uniqueItems: true,
        default: [],
      },
      lazy_load_paths: { type: "boolean", default: false },
      http_method_as_scope: { type: "boolean", default: false },
      timeout: { type: "integer", minimum: 1000, default: 3000 },
      ssl_verify: { type: "boolean", default: true },
      cache_ttl_seconds: { type: "integer", minimum: 1, default: 86_400 },
      ...keepalive(),
      access_denied_redirect_uri: { type: "string", minLength: 1, maxLength: 2048 },
      access_token_expires_in: { type: "integer", minimum: 1, default: 300 },
      access_token_expires_leeway: { type: "integer", minimum: 0, default: 0 },
      refresh_token_expires_in: { type: "integer", minimum: 1, default: 3600 },
      refresh_token_expires_leeway: { type: "integer", minimum: 0, default: 0 },
      password_grant_token_generation_incoming_uri: {
        type: "string",
        minLength: 1,
        maxLength: 4096,
      },
      max_req_body_size: maxRequestBody,
    },
    encrypt_fields: ["client_secret"],
    required: ["client_id"],
    allOf: [
      { anyOf: [{ required: ["discovery"] }, { required: ["token_endpoint"] }] },
      {
        anyOf: [
          { properties: { lazy_load_paths: { enum: [false] } } },
          {
            properties: { lazy_load_paths: { enum: [true] } },
            anyOf: [{ required: ["discovery"] }, { required: ["resource_registration_endpoint"] }],
          },
        ],
      },
    ],
  },
};

export const forwardAuth: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      uri: { type: "string" },
      allow_degradation: { type: "boolean", default: false },
      status_on_error: { type: "integer", minimum: 200, maximum: 599, default: 403 },
      ssl_verify: { type: "boolean", default: true },
      request_method: { type: "string", default: "GET", enum: ["GET", "POST"] },
      request_headers: { type: "array", default: [], items: { type: "string" } },
      extra_headers: {
        type: "object",
        minProperties: 1,
        patternProperties: { "^[^:]+$": { type: "string" } },
      },
      upstream_headers: { type: "array", default: [], items: { type: "string" } },
      client_headers: { type: "array", default: [], items: { type: "string" } },
      timeout: timeout(3000),
      ...keepalive(),
      max_req_body_size: maxRequestBody,
    },
    required: ["uri"],
  },
};

export const opa: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      host: { type: "string" },
      ssl_verify: { type: "boolean", default: true },
      policy: { type: "string" },
      timeout: timeout(3000),
      ...keepalive(),
      send_headers_upstream: { type: "array", minItems: 1, items: { type: "string" } },
      with_route: { type: "boolean", default: false },
      with_service: { type: "boolean", default: false },
      with_consumer: { type: "boolean", default: false },
    },
    required: ["host", "policy"],
  },
};
