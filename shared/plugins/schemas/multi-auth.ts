import type { PluginSchemas } from "./plugin-schemas.ts";

export const multiAuth: PluginSchemas = {
  schema: {
    type: "object",
    title: "work with route or service object",
    properties: {
      auth_plugins: { type: "array", minItems: 2, items: { type: "object" } },
    },
    required: ["auth_plugins"],
  },
};
