import { isJsonObject } from "../json-object.ts";
import type { JsonSchema } from "./json-schema.ts";

/**
 * `value` with the defaults of its schema where it says nothing, down to nested objects and lists, as
 * APISIX's validator fills them in. `value` itself stays as it is.
 */
export function withDefaults(schema: JsonSchema, value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((member, i) => withDefaults(itemOf(schema, i), member));
  if (!isJsonObject(value)) return value;
  const filled: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    filled[name] = withDefaults(schema.properties?.[name] ?? otherOf(schema), member);
  }
  for (const part of [schema, ...(schema.allOf ?? [])]) addDefaults(part, filled);
  const branch = branchOf(schema, filled);
  return branch ? withDefaults(branch, filled) : filled;
}

function addDefaults({ properties }: JsonSchema, filled: Record<string, unknown>): void {
  for (const [name, property] of Object.entries(properties ?? {})) {
    if (property.default === undefined || filled[name] !== undefined) continue;
    filled[name] = withDefaults(property, property.default);
  }
}

/** What `if` decides, where it asks for single values of single fields, as those of APISIX do. */
function branchOf(schema: JsonSchema, value: Readonly<Record<string, unknown>>) {
  if (!schema.if) return undefined;
  const wanted = Object.entries(schema.if.properties ?? {});
  const holds = wanted.every(([name, { const: constant, enum: allowed }]) => {
    const given = value[name];
    if (given === undefined) return true;
    if (constant !== undefined) return given === constant;
    return allowed === undefined || allowed.some((one) => one === given);
  });
  return holds ? schema.then : schema.else;
}

const NO_SCHEMA: JsonSchema = {};

function itemOf({ items }: JsonSchema, i: number): JsonSchema {
  if (items === undefined) return NO_SCHEMA;
  return isList(items) ? (items[i] ?? NO_SCHEMA) : items;
}

function isList(items: JsonSchema | readonly JsonSchema[]): items is readonly JsonSchema[] {
  return Array.isArray(items);
}

function otherOf({ additionalProperties }: JsonSchema): JsonSchema {
  return typeof additionalProperties === "object" ? additionalProperties : NO_SCHEMA;
}
