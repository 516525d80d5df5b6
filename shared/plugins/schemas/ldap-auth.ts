import type { JsonSchema } from "../json-schema.ts";
import { hideCredentials } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const consumerSchema: JsonSchema = {
  type: "object",
  properties: { user_dn: { type: "string" } },
  required: ["user_dn"],
};

export const ldapAuth: PluginSchemas = {
  schema: {
    type: "object",
    title: "work with route or service object",
    properties: {
      base_dn: { type: "string" },
      ldap_uri: { type: "string" },
      use_tls: { type: "boolean", default: false },
      tls_verify: { type: "boolean", default: false },
      uid: { type: "string", default: "cn" },
      hide_credentials: hideCredentials,
      realm: { type: "string", default: "ldap" },
    },
    required: ["base_dn", "ldap_uri"],
  },
  consumerSchema,
};

export const ldapAuthAdvanced: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      base_dn: { type: "string", minLength: 1 },
      ldap_uri: { type: "string", minLength: 1 },
      attribute: { type: "string", default: "cn" },
      bind_dn: { type: "string" },
      ldap_password: { type: "string" },
      use_ldaps: { type: "boolean", default: false },
      use_starttls: { type: "boolean", default: false },
      ssl_verify: { type: "boolean", default: true },
      timeout: { type: "integer", minimum: 1, default: 10_000 },
      keepalive: { type: "boolean", default: true },
      keepalive_timeout: { type: "integer", minimum: 1, default: 60_000 },
      keepalive_pool_size: { type: "integer", minimum: 1, default: 5 },
      keepalive_pool_name: { type: "string" },
      size_limit: { type: "integer", minimum: 0, default: 2 },
      time_limit: { type: "integer", minimum: 0, default: 5 },
      header_type: { type: "string", enum: ["ldap", "basic"], default: "ldap" },
      consumer_required: { type: "boolean", default: true },
      realm: { type: "string", default: "ldap" },
    },
    encrypt_fields: ["ldap_password"],
    required: ["base_dn", "ldap_uri"],
  },
  consumerSchema,
};
