import type { JsonSchema, JsonType } from "../plugins/json-schema.ts";
import { checkCombinations } from "./check-combinations.ts";
import { checkFields } from "./check-fields.ts";
import { checkList } from "./check-list.ts";
import { checkNumber, checkText } from "./check-scalar.ts";
import { isList, isObject, luaType, membersOf } from "./lua-value.ts";
import { faultOf, type ValueFault } from "./value-fault.ts";

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
): ValueFault | undefined {
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
  return typeof value === "string" && /^\$(secret|[eE][nN][vV]):\/\//.test(value);
}

function acceptsText(schema: JsonSchema): boolean {
  const branches = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (schema.type !== undefined) return [schema.type].flat().includes("string");
  return branches.length === 0 || branches.some(acceptsText);
}

/** Whether the value is of the schema's type, if it asks for one. */
export function hasTypeOf({ type }: JsonSchema, value: unknown): boolean {
  if (type === undefined) return true;
  return typeof type === "string" ? hasType(value, type) : type.some((one) => hasType(value, one));
}

function checkType({ type }: JsonSchema, value: unknown): ValueFault | undefined {
  if (type === undefined || hasTypeOf({ type }, value)) return undefined;
  const types = [type].flat();
  const expected = typeof type === "string" ? type : `one of ${types.join(", ")}`;
  const words = `wrong type: expected ${expected}, got ${luaType(value)}`;
  return faultOf(value, `of type ${types.join(" or ")}`, words);
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
    case "table":
      return luaType(value) === "table";
    default:
      return typeof value === type;
  }
}
