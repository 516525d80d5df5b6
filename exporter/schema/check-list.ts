import type { JsonSchema } from "../../shared/plugins/json-schema.ts";
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
  const fault = checkMembers(schema, list, check);
  if (fault !== undefined || !uniqueItems) return fault;
  const equal = equalMembers(list);
  if (equal === undefined) return undefined;
  const [first, second] = equal;
  const words = `expected unique items but items ${first} and ${second} are equal`;
  return faultIn(second - 1, faultOf(list[second - 1], "no member twice", words));
}

/** Where each place has a schema of its own, members beyond them are free. */
function checkMembers(
  { items }: JsonSchema,
  list: readonly unknown[],
  check: SchemaCheck,
): ValueFault | undefined {
  if (items === undefined) return undefined;
  const schemaAt = (index: number) => (isSchemaList(items) ? items[index] : items);
  for (const [index, member] of list.entries()) {
    const schema = schemaAt(index);
    if (schema === undefined) return undefined;
    const fault = checkSchema(schema, member, check);
    if (fault !== undefined) {
      return faultIn(index, fault, `failed to validate item ${index + 1}: `);
    }
  }
  return undefined;
}

function isSchemaList(items: JsonSchema | readonly JsonSchema[]): items is readonly JsonSchema[] {
  return Array.isArray(items);
}
