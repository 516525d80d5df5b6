import type { JsonSchema } from "../json-schema.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const schema: JsonSchema = {
  type: "object",
  properties: {
    appid: { type: "string", default: "unset" },
    server: { type: "string", default: "http://127.0.0.1:12180" },
    header_prefix: { type: "string", default: "X-" },
    ssl_verify: { type: "boolean" },
  },
};

export const wolfRbac: PluginSchemas = { schema, consumerSchema: schema };
