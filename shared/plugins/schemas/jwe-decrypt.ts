import type { PluginSchemas } from "./plugin-schemas.ts";

export const jweDecrypt: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      header: { type: "string", default: "Authorization" },
      forward_header: { type: "string", default: "Authorization" },
      strict: { type: "boolean", default: true },
    },
    required: ["header", "forward_header"],
  },
  consumerSchema: {
    type: "object",
    properties: {
      key: { type: "string" },
      secret: { type: "string" },
      is_base64_encoded: { type: "boolean" },
    },
    encrypt_fields: ["key", "secret"],
    required: ["key", "secret"],
  },
};
