import type { JsonSchema, JsonType } from "../../../shared/plugins/json-schema.ts";
import { checkCombinations } from "./check-combinations.ts";
import { checkFields } from "./check-fields.ts";
import { checkList } from "./check-list.ts";
import { checkNumber, checkText } from "./check-scalar.ts";
import { isList, isObject, luaType, membersOf } from "./lua-value.ts";

/**
 * JSON Schema with the words of api7/jsonschema, the validator of APISIX: people and tools read its
 * messages. Its order of checks decides which of several faults is told. Where that order is one of Lua's
 * hash tables, which changes from start to start, ours is the order of the schema.
 *
 * The depth of recursion is that of the schema, never that of the value.
 */
export interface SchemaCheck {
  /** A text that refers to a secret (reference 4.7) passes wherever a text may stand. */
  readonly allowsReferences?: boolean;
}

/**
 * What is wrong with the value, or undefined. Fills in the schema's defaults, in place, inside objects that
 * are present: give it a copy of what has to stay.
 */
export function checkSchema(
  schema: JsonSchema,
  value: unknown,
  check: SchemaCheck = {},
): string | undefined {
  if (check.allowsReferences && isReference(value) && acceptsText(schema)) return undefined;
  return (
    checkType(schema, value) ??
    (isObject(value) ? checkFields(schema, value, check) : undefined) ??
    (isList(value) ? checkList(schema, membersOf(value), check) : undefined) ??
    (typeof value === "string" ? checkText(schema, value) : undefined) ??
    (typeof value === "number" ? checkNumber(schema, value) : undefined) ??
    checkCombinations(schema, value, check)
  );
}

/**
 * `$secret://…` or `$env://…`, whose value only the gateway will know. APISIX checks for two spellings of
 * the latter; when it resolves, it takes any (shared/plugins/secret-reference.ts).
 */
export function isReference(value: unknown): value is string {
  return typeof value === "string" && /^\$(secret|env|ENV):\/\//.test(value);
}

function acceptsText(schema: JsonSchema): boolean {
  const branches = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (schema.type !== undefined) return [schema.type].flat().includes("string");
  return branches.length === 0 || branches.some(acceptsText);
}

function checkType({ type }: JsonSchema, value: unknown): string | undefined {
  if (type === undefined) return undefined;
  if (typeof type === "string") {
    return hasType(value, type) ? undefined : `wrong type: expected ${type}, got ${luaType(value)}`;
  }
  if (type.some((one) => hasType(value, one))) return undefined;
  return `wrong type: expected one of ${type.join(", ")}, got ${luaType(value)}`;
}

function hasType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return isList(value);
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}
