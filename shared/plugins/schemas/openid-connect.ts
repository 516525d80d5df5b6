import type { JsonSchema } from "../json-schema.ts";
import { when } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const texts: JsonSchema = { type: "array", items: { type: "string" } };
const seconds: JsonSchema = { type: "integer", minimum: 1 };

const session: JsonSchema = {
  type: "object",
  properties: {
    secret: { type: "string", minLength: 16 },
    cookie: { type: "object", properties: { lifetime: { type: "integer" } } },
    storage: { type: "string", enum: ["cookie", "redis"], default: "cookie" },
    redis: {
      type: "object",
      properties: {
        host: { type: "string", minLength: 2, default: "127.0.0.1" },
        port: { type: "integer", minimum: 1, default: 6379 },
        username: { type: "string", minLength: 1 },
        password: { type: "string", minLength: 0 },
        database: { type: "integer", minimum: 0, default: 0 },
        prefix: { type: "string", default: "sessions" },
        ssl: { type: "boolean", default: false },
        ssl_verify: { type: "boolean", default: false },
        server_name: { type: "string" },
        connect_timeout: { type: "integer", minimum: 1, default: 1000 },
        send_timeout: { type: "integer", minimum: 1, default: 1000 },
        read_timeout: { type: "integer", minimum: 1, default: 1000 },
        keepalive_timeout: { type: "integer", minimum: 1000, default: 10_000 },
      },
    },
  },
  required: ["secret"],
  ...when({ properties: { storage: { enum: ["redis"] } } }, { required: ["redis"] }),
};

const claimValidator: JsonSchema = {
  type: "object",
  properties: {
    issuer: { type: "object", properties: { valid_issuers: { ...texts, minItems: 1 } } },
    audience: {
      type: "object",
      properties: {
        claim: { type: "string", default: "aud" },
        required: { type: "boolean", default: false },
        match_with_client_id: { type: "boolean", default: false },
      },
    },
  },
};

const client: Readonly<Record<string, JsonSchema>> = {
  client_id: { type: "string" },
  client_secret: { type: "string" },
  client_rsa_private_key: { type: "string" },
  client_rsa_private_key_id: { type: "string" },
  client_jwt_assertion_alg: {
    type: "string",
    enum: ["HS256", "HS512", "RS256", "RS512", "ES256", "ES512"],
  },
  client_jwt_assertion_audience: { type: "string" },
  client_jwt_assertion_expires_in: { type: "integer", default: 60 },
  token_endpoint_auth_method: {
    type: "string",
    enum: ["client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt"],
    default: "client_secret_basic",
  },
  discovery: { type: "string" },
  dpop: {
    type: "object",
    properties: {
      enabled: { type: "boolean", default: false },
      signing_alg: { type: "string", enum: ["ES256", "RS256", "PS256"], default: "ES256" },
      private_key: { type: "string" },
      public_jwk: { type: "object" },
    },
  },
};

const flow: Readonly<Record<string, JsonSchema>> = {
  scope: { type: "string", default: "openid" },
  ssl_verify: { type: "boolean", default: true },
  timeout: { type: "integer", minimum: 1, default: 3 },
  bearer_only: { type: "boolean", default: false },
  session,
  realm: { type: "string", default: "apisix" },
  claim_validator: claimValidator,
  claim_schema: { type: "object" },
  logout_path: { type: "string", default: "/logout" },
  post_logout_redirect_uri: { type: "string" },
  redirect_uri: { type: "string" },
  unauth_action: { type: "string", enum: ["auth", "deny", "pass"], default: "auth" },
  authorization_params: { type: "object" },
  required_scopes: texts,
  proxy_opts: { type: "object" },
  force_reauthorize: { type: "boolean", default: false },
  use_nonce: { type: "boolean", default: false },
  use_pkce: { type: "boolean", default: false },
  revoke_tokens_on_logout: { type: "boolean", default: false },
  iat_slack: { type: "integer", default: 120 },
};

const tokens: Readonly<Record<string, JsonSchema>> = {
  public_key: { type: "string" },
  token_signing_alg_values_expected: { type: "string" },
  use_jwks: { type: "boolean", default: false },
  accept_none_alg: { type: "boolean", default: false },
  accept_unsupported_alg: { type: "boolean", default: true },
  jwk_expires_in: { type: "integer", default: 86_400 },
  jwt_verification_cache_ignore: { type: "boolean", default: false },
  cache_segment: { type: "string" },
  introspection_endpoint: { type: "string" },
  introspection_endpoint_auth_method: { type: "string", default: "client_secret_basic" },
  introspection_interval: { type: "integer", minimum: 0, default: 0 },
  introspection_expiry_claim: { type: "string", default: "exp" },
  introspection_addon_headers: { ...texts, minItems: 1 },
  access_token_expires_in: seconds,
  access_token_expires_leeway: { type: "integer", default: 0 },
  renew_access_token_on_expiry: { type: "boolean", default: true },
  refresh_session_interval: { type: "integer", minimum: 0 },
  access_token_in_authorization_header: { type: "boolean", default: false },
  set_access_token_header: { type: "boolean", default: true },
  set_id_token_header: { type: "boolean", default: true },
  set_userinfo_header: { type: "boolean", default: true },
  set_refresh_token_header: { type: "boolean", default: false },
};

export const openidConnect: PluginSchemas = {
  schema: {
    type: "object",
    properties: { ...client, ...flow, ...tokens },
    encrypt_fields: [
      "client_secret",
      "client_rsa_private_key",
      "dpop.private_key",
      "session.secret",
      "session.redis.password",
    ],
    required: ["client_id", "discovery"],
  },
};
