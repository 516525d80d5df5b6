import { anonymousConsumer, hideCredentials } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

export const basicAuth: PluginSchemas = {
  schema: {
    type: "object",
    title: "work with route or service object",
    properties: {
      hide_credentials: hideCredentials,
      anonymous_consumer: anonymousConsumer,
      realm: { type: "string", default: "basic" },
    },
  },
  consumerSchema: {
    type: "object",
    title: "work with consumer object",
    properties: { username: { type: "string" }, password: { type: "string" } },
    encrypt_fields: ["password"],
    required: ["username", "password"],
  },
};
