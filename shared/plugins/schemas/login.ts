import type { JsonSchema } from "../json-schema.ts";
import { maxRequestBody, someText } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Plugins that send people to a login page of someone else. */

export const samlAuth: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      sp_issuer: { type: "string" },
      idp_uri: { type: "string" },
      idp_cert: { type: "string" },
      login_callback_uri: { type: "string" },
      logout_uri: { type: "string" },
      logout_callback_uri: { type: "string" },
      logout_redirect_uri: { type: "string" },
      sp_cert: { type: "string" },
      sp_private_key: { type: "string" },
      auth_protocol_binding_method: {
        type: "string",
        enum: ["HTTP-Redirect", "HTTP-POST"],
        default: "HTTP-Redirect",
      },
      secret: { type: "string", minLength: 8, maxLength: 32 },
      secret_fallbacks: {
        type: "array",
        items: { type: "string", minLength: 8, maxLength: 32 },
      },
    },
    encrypt_fields: ["sp_private_key", "secret", "secret_fallbacks"],
    required: [
      "sp_issuer",
      "idp_uri",
      "idp_cert",
      "login_callback_uri",
      "logout_uri",
      "logout_callback_uri",
      "logout_redirect_uri",
      "sp_cert",
      "sp_private_key",
      "secret",
    ],
  },
};

export const casAuth: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      idp_uri: { type: "string" },
      cas_callback_uri: { type: "string" },
      logout_uri: { type: "string" },
      cookie: {
        type: "object",
        properties: {
          secret: { type: "string", minLength: 16 },
          samesite: { type: "string", enum: ["Lax", "None"], default: "Lax" },
          secure: { type: "boolean", default: true },
        },
        required: ["secret"],
      },
      max_req_body_size: maxRequestBody,
    },
    encrypt_fields: ["cookie.secret"],
    required: ["idp_uri", "cas_callback_uri", "logout_uri", "cookie"],
  },
};

export const authzCasdoor: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      endpoint_addr: { type: "string", pattern: "^[^%?]+[^/]$" },
      client_id: { type: "string" },
      client_secret: { type: "string" },
      callback_url: { type: "string", pattern: "^[^%?]+[^/]$" },
    },
    encrypt_fields: ["client_secret"],
    required: ["callback_url", "endpoint_addr", "client_id", "client_secret"],
  },
};

const MOST_OF_TIMEOUT = 60_000;

const workplace: Readonly<Record<string, JsonSchema>> = {
  redirect_uri: someText,
  secret: { type: "string", minLength: 8, maxLength: 32 },
  secret_fallbacks: { type: "array", items: { type: "string", minLength: 8, maxLength: 32 } },
  code_query: { type: "string", default: "code" },
  cookie_expires_in: { type: "integer", minimum: 1, default: 86_400 },
  set_userinfo_header: { type: "boolean", default: true },
  ssl_verify: { type: "boolean", default: true },
  timeout: { type: "integer", minimum: 1, maximum: MOST_OF_TIMEOUT, default: 6000 },
  userinfo_url: { type: "string" },
};

export const dingtalkAuth: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      app_key: someText,
      app_secret: someText,
      access_token_url: {
        type: "string",
        default: "https://api.dingtalk.com/v1.0/oauth2/accessToken",
      },
      code_header: { type: "string", default: "X-DingTalk-Code" },
      ...workplace,
    },
    encrypt_fields: ["app_secret", "secret", "secret_fallbacks"],
    required: ["app_key", "app_secret", "secret", "redirect_uri"],
  },
};

export const feishuAuth: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      app_id: someText,
      app_secret: someText,
      auth_redirect_uri: someText,
      access_token_url: { type: "string" },
      code_header: { type: "string", default: "X-Feishu-Code" },
      ...workplace,
    },
    encrypt_fields: ["app_secret", "secret", "secret_fallbacks"],
    required: ["app_id", "app_secret", "secret", "redirect_uri", "auth_redirect_uri"],
  },
};
