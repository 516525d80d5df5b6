import type { JsonSchema } from "../plugins/json-schema.ts";
import { checkSchema, type SchemaCheck } from "./check-schema.ts";
import { equalMembers } from "./lua-value.ts";
import { counted, faultIn, faultOf, type ValueFault } from "./value-fault.ts";

/** Everything that a schema says of a list. */
export function checkList(
  schema: JsonSchema,
  list: readonly unknown[],
  check: SchemaCheck,
): ValueFault | undefined {
  const { minItems, maxItems, uniqueItems } = schema;
  if (minItems !== undefined && list.length < minItems) {
    const words = `expect array to have at least ${minItems} items`;
    return faultOf(list, `at least ${counted(minItems, "member")}`, words);
  }
  if (maxItems !== undefined && list.length > maxItems) {
    const words = `expect array to have at most ${maxItems} items`;
    return faultOf(list, `at most ${counted(maxItems, "member")}`, words);
  }
  return (
    checkMembers(schema, list, check) ??
    (uniqueItems ? checkUnique(list) : undefined) ??
    checkContains(schema, list, check)
  );
}

function checkUnique(list: readonly unknown[]): ValueFault | undefined {
  const equal = equalMembers(list);
  if (equal === undefined) return undefined;
  const [first, second] = equal;
  const words = `expected unique items but items ${first} and ${second} are equal`;
  return faultIn(second - 1, faultOf(list[second - 1], "no member twice", words));
}

function checkContains(
  { contains }: JsonSchema,
  list: readonly unknown[],
  check: SchemaCheck,
): ValueFault | undefined {
  if (contains === undefined) return undefined;
  if (list.some((member) => checkSchema(contains, member, check) === undefined)) return undefined;
  const words =
    list.length === 0 ? "check contains: empty array is invalid" : "failed to check contains";
  return faultOf(list, "a member that fits", words);
}

/** Where each place has a schema of its own, members beyond them are `additionalItems`. */
function checkMembers(
  { items, additionalItems = true }: JsonSchema,
  list: readonly unknown[],
  check: SchemaCheck,
): ValueFault | undefined {
  if (items === undefined) return undefined;
  const places = isSchemaList(items) ? items : undefined;
  const others = isSchemaList(items) ? additionalItems : items;
  for (const [index, member] of list.entries()) {
    const schema = places?.[index] ?? others;
    if (schema === true) return undefined;
    if (schema === false) {
      const words = "found unexpected extra items in array";
      return faultIn(index, faultOf(member, "no further member", words));
    }
    const fault = checkSchema(schema, member, check);
    if (fault === undefined) continue;
    const what = places && index >= places.length ? "additional item" : "item";
    return faultIn(index, fault, `failed to validate ${what} ${index + 1}: `);
  }
  return undefined;
}

function isSchemaList(items: JsonSchema | readonly JsonSchema[]): items is readonly JsonSchema[] {
  return Array.isArray(items);
}
