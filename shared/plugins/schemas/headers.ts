import type { JsonSchema } from "../json-schema.ts";

/** Maps of headers: no colon in a name, a text or number as value. */
export const headerValues: Readonly<Record<string, JsonSchema>> = {
  "^[^:]+$": { oneOf: [{ type: "string" }, { type: "number" }] },
};

export const someHeaders: JsonSchema = {
  type: "object",
  minProperties: 1,
  patternProperties: headerValues,
};

export const headerNames: JsonSchema = {
  type: "array",
  minItems: 1,
  items: { type: "string", pattern: "^[^:]+$" },
};
