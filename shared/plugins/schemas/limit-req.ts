import { rejectedCode, someText } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { redisOrCluster } from "./redis.ts";

export const limitReq: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      rate: { type: "number", exclusiveMinimum: 0 },
      burst: { type: "number", minimum: 0 },
      key: { type: "string" },
      key_type: { type: "string", enum: ["var", "var_combination"], default: "var" },
      policy: { type: "string", enum: ["redis", "redis-cluster", "local"], default: "local" },
      rejected_code: rejectedCode(503),
      rejected_msg: someText,
      nodelay: { type: "boolean", default: false },
      allow_degradation: { type: "boolean", default: false },
    },
    required: ["rate", "burst", "key"],
    encrypt_fields: ["redis_password"],
    ...redisOrCluster,
  },
};
