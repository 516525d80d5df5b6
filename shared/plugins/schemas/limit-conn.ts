import type { JsonSchema } from "../json-schema.ts";
import { rejectedCode, someText } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { redisOrCluster } from "./redis.ts";

const connections: JsonSchema = {
  oneOf: [{ type: "integer", exclusiveMinimum: 0 }, { type: "string" }],
};
const burst: JsonSchema = { oneOf: [{ type: "integer", minimum: 0 }, { type: "string" }] };

export const limitConn: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      conn: connections,
      burst,
      default_conn_delay: { type: "number", exclusiveMinimum: 0 },
      only_use_default_delay: { type: "boolean", default: false },
      key: { type: "string" },
      key_type: { type: "string", enum: ["var", "var_combination"], default: "var" },
      rules: {
        type: "array",
        items: {
          type: "object",
          properties: { conn: connections, burst, key: { type: "string" } },
          required: ["conn", "burst", "key"],
        },
      },
      policy: { type: "string", enum: ["redis", "redis-cluster", "local"], default: "local" },
      rejected_code: rejectedCode(503),
      rejected_msg: someText,
      allow_degradation: { type: "boolean", default: false },
    },
    oneOf: [
      { required: ["conn", "burst", "default_conn_delay", "key"] },
      { required: ["default_conn_delay", "rules"] },
    ],
    encrypt_fields: ["redis_password"],
    ...redisOrCluster,
  },
};
