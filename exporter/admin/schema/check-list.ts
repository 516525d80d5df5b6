import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { checkSchema, type SchemaCheck } from "./check-schema.ts";
import { equalMembers } from "./lua-value.ts";

/** Everything that a schema says of a list. */
export function checkList(
  schema: JsonSchema,
  list: readonly unknown[],
  check: SchemaCheck,
): string | undefined {
  const { minItems, maxItems, uniqueItems } = schema;
  if (minItems !== undefined && list.length < minItems) {
    return `expect array to have at least ${minItems} items`;
  }
  if (maxItems !== undefined && list.length > maxItems) {
    return `expect array to have at most ${maxItems} items`;
  }
  const fault = checkMembers(schema, list, check);
  if (fault !== undefined || !uniqueItems) return fault;
  const equal = equalMembers(list);
  return equal && `expected unique items but items ${equal[0]} and ${equal[1]} are equal`;
}

/** Where each place has a schema of its own, members beyond them are free. */
function checkMembers(
  { items }: JsonSchema,
  list: readonly unknown[],
  check: SchemaCheck,
): string | undefined {
  if (items === undefined) return undefined;
  const schemaAt = (index: number) => (isSchemaList(items) ? items[index] : items);
  for (const [index, member] of list.entries()) {
    const schema = schemaAt(index);
    if (schema === undefined) return undefined;
    const fault = checkSchema(schema, member, check);
    if (fault !== undefined) return `failed to validate item ${index + 1}: ${fault}`;
  }
  return undefined;
}

function isSchemaList(items: JsonSchema | readonly JsonSchema[]): items is readonly JsonSchema[] {
  return Array.isArray(items);
}
