import type { JsonSchema } from "../json-schema.ts";

/** `_meta`, which every plugin takes besides its own fields (reference 4.6). */
const META: JsonSchema = {
  type: "object",
  properties: {
    disable: { type: "boolean" },
    error_response: { oneOf: [{ type: "string" }, { type: "object" }] },
    priority: { description: "priority of plugins by customized order", type: "integer" },
    filter: {
      description: "filter determines whether the plugin needs to be executed at runtime",
      type: "array",
    },
    pre_function: {
      description: "function to be executed in each phase before execution of plugins",
      type: "string",
    },
  },
  additionalProperties: false,
};

const MARK = "this is a mark for our injected plugin schema";

/** The schema of a plugin as APISIX checks with it and shows it. */
export function withMeta(schema: JsonSchema): JsonSchema {
  return { ...schema, $comment: MARK, properties: { ...schema.properties, _meta: META } };
}
