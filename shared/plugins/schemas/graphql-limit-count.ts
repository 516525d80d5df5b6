import { quotaFields, quotaHeaders, quotaOrRules, REDIS_SECRETS } from "./limit-count.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { anyRedis } from "./redis.ts";

export const graphqlLimitCount: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      ...quotaFields,
      cost_strategy: {
        type: "string",
        enum: ["depth", "complexity", "node_quantifier"],
        default: "depth",
      },
      max_cost: { type: "number", minimum: 0, default: 0 },
      score_factor: { type: "number", exclusiveMinimum: 0, default: 1 },
      resolve_variables: { type: "boolean", default: true },
      introspection_endpoint: { type: "string", minLength: 1 },
      introspection_headers: { type: "object" },
    },
    oneOf: quotaOrRules,
    encrypt_fields: [...REDIS_SECRETS, "introspection_headers"],
    ...anyRedis,
  },
  metadataSchema: quotaHeaders,
};
