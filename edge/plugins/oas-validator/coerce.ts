import { toNumber } from "../../../shared/expression/lua-number.ts";
import { isJsonObject } from "../../../shared/json-object.ts";
import { setField } from "../../../shared/json-schema/lua-value.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";

/** A text as what the schema asks for, where it is one; anything else, and any other text, stays. */
export function coerce(value: unknown, schema: JsonSchema): unknown {
  if (typeof value !== "string") return value;
  const types = typesOf(schema, new Set());
  if (types.has("boolean")) {
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
  }
  if (!types.has("integer") && !types.has("number")) return value;
  const number = toNumber(value);
  return number !== undefined && Number.isFinite(number) ? number : value;
}

/** The same for the fields of an object. */
export function coerceFields(fields: object, { properties = {} }: JsonSchema): object {
  const coerced: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const isInner = schema?.type === "object" && isJsonObject(value);
    const plain = schema ? coerce(value, schema) : value;
    setField(coerced, name, isInner ? coerceFields(value, schema) : plain);
  }
  return coerced;
}

/** The type it names; where it names none, those of what it is combined of. */
export function typesOf(schema: JsonSchema, seen: Set<JsonSchema>): ReadonlySet<string> {
  if (schema.type !== undefined) return new Set([schema.type].flat());
  if (seen.has(schema)) return new Set();
  seen.add(schema);
  const { anyOf = [], oneOf = [], allOf = [] } = schema;
  return new Set([...anyOf, ...oneOf, ...allOf].flatMap((branch) => [...typesOf(branch, seen)]));
}
