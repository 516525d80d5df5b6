import type { JsonSchema } from "../json-schema.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const ORIGINS = "^(\\*|\\*\\*|null|\\w+://[^,]+(,\\w+://[^,]+)*)$";

const someTexts: JsonSchema = {
  type: "array",
  items: { type: "string", minLength: 1, maxLength: 4096 },
  minItems: 1,
  uniqueItems: true,
};

export const cors: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      allow_origins: { type: "string", pattern: ORIGINS, default: "*" },
      allow_methods: { type: "string", default: "*" },
      allow_headers: { type: "string", default: "*" },
      expose_headers: { type: "string" },
      max_age: { type: "integer", default: 5 },
      allow_credential: { type: "boolean", default: false },
      allow_origins_by_regex: someTexts,
      allow_origins_by_metadata: someTexts,
      timing_allow_origins: { type: "string", pattern: ORIGINS },
      timing_allow_origins_by_regex: someTexts,
    },
  },
  metadataSchema: {
    type: "object",
    properties: {
      allow_origins: {
        type: "object",
        additionalProperties: { type: "string", pattern: ORIGINS },
      },
    },
  },
};
