import { anonymousConsumer, hideCredentials } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

export const keyAuth: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      header: { type: "string", default: "apikey" },
      query: { type: "string", default: "apikey" },
      hide_credentials: hideCredentials,
      anonymous_consumer: anonymousConsumer,
      realm: { type: "string", default: "key" },
    },
  },
  consumerSchema: {
    type: "object",
    properties: { key: { type: "string" } },
    encrypt_fields: ["key"],
    required: ["key"],
  },
};
