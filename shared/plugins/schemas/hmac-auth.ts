import { anonymousConsumer, hideCredentials, maxRequestBody } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const ALGORITHMS = ["hmac-sha1", "hmac-sha256", "hmac-sha512"];

export const hmacAuth: PluginSchemas = {
  schema: {
    type: "object",
    title: "work with route or service object",
    properties: {
      allowed_algorithms: {
        type: "array",
        minItems: 1,
        items: { type: "string", enum: ALGORITHMS },
        default: ALGORITHMS,
      },
      clock_skew: { type: "integer", default: 300, minimum: 1 },
      signed_headers: {
        type: "array",
        items: { type: "string", minLength: 1, maxLength: 50 },
        default: ["date"],
      },
      validate_request_body: { type: "boolean", default: false },
      hide_credentials: hideCredentials,
      anonymous_consumer: anonymousConsumer,
      max_req_body_size: maxRequestBody,
      realm: { type: "string", default: "hmac" },
    },
  },
  consumerSchema: {
    type: "object",
    title: "work with consumer object",
    properties: {
      key_id: { type: "string", minLength: 1, maxLength: 256 },
      secret_key: { type: "string", minLength: 1, maxLength: 256 },
    },
    encrypt_fields: ["secret_key"],
    required: ["key_id", "secret_key"],
  },
};
