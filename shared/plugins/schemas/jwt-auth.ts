import type { JsonSchema } from "../json-schema.ts";
import { anonymousConsumer, hideCredentials } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const SHARED_SECRET = ["HS256", "HS384", "HS512"];
const KEY_PAIR = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

const publicKey: JsonSchema = {
  properties: { public_key: { type: "string" }, algorithm: { enum: [...KEY_PAIR, "EdDSA"] } },
  required: ["public_key"],
};

export const jwtAuth: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      header: { type: "string", default: "authorization" },
      query: { type: "string", default: "jwt" },
      cookie: { type: "string", default: "jwt" },
      hide_credentials: hideCredentials,
      key_claim_name: { type: "string", default: "key", minLength: 1 },
      store_in_ctx: { type: "boolean", default: false },
      anonymous_consumer: anonymousConsumer,
      claims_to_verify: {
        type: "array",
        items: { type: "string", enum: ["exp", "nbf"] },
        uniqueItems: true,
      },
      realm: { type: "string", default: "jwt" },
    },
  },
  consumerSchema: {
    type: "object",
    // Without a `type` here: "key" and "secret" may be references.
    properties: {
      key: { type: "string", minLength: 1 },
      secret: { type: "string", minLength: 1 },
      algorithm: {
        type: "string",
        enum: [...SHARED_SECRET, ...KEY_PAIR, "EdDSA"],
        default: "HS256",
      },
      exp: { type: "integer", minimum: 1, default: 86_400 },
      base64_secret: { type: "boolean", default: false },
      lifetime_grace_period: { type: "integer", minimum: 0, default: 0 },
    },
    dependencies: {
      algorithm: {
        oneOf: [
          { properties: { algorithm: { enum: SHARED_SECRET, default: "HS256" } } },
          publicKey,
        ],
      },
    },
    encrypt_fields: ["secret"],
    required: ["key"],
  },
};
