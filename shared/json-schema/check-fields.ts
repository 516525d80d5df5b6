import type { JsonSchema } from "../plugins/json-schema.ts";
import { checkSchema, type SchemaCheck } from "./check-schema.ts";
import { copyOf, fieldOf, type JsonObject, setField } from "./lua-value.ts";
import { isFound } from "./pattern.ts";
import { counted, faultIn, faultOf, reworded, type ValueFault } from "./value-fault.ts";

/** Everything that a schema says of an object's fields, in the validator's order. */
export function checkFields(
  schema: JsonSchema,
  object: JsonObject,
  check: SchemaCheck,
): ValueFault | undefined {
  return (
    checkProperties(schema, object, check) ??
    checkRequired(schema, object) ??
    checkDependencies(schema, object, check) ??
    checkOtherFields(schema, object, check) ??
    checkCount(schema, object)
  );
}

/** A default counts for all that is checked after it, as in APISIX. */
function checkProperties(
  { properties = {}, required = [], dependencies = {} }: JsonSchema,
  object: JsonObject,
  check: SchemaCheck,
): ValueFault | undefined {
  for (const [name, schema] of Object.entries(properties)) {
    const value = fieldOf(object, name);
    if (value === undefined) {
      if (required.includes(name)) return isRequired(name);
      if (schema.default !== undefined) setField(object, name, copyOf(schema.default));
      continue;
    }
    const fault = checkSchema(schema, value, check);
    if (fault !== undefined) {
      return faultIn(name, fault, `property "${name}" validation failed: `);
    }
    const needed = dependencies[name];
    const missing = needed && checkDependency(name, needed, object, check);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** Those that have a schema were looked for with it. */
function checkRequired({ properties = {}, required = [] }: JsonSchema, object: JsonObject) {
  const missing = required.find(
    (name) => !Object.hasOwn(properties, name) && !Object.hasOwn(object, name),
  );
  return missing === undefined ? undefined : isRequired(missing);
}

function isRequired(name: string): ValueFault {
  return faultIn(name, faultOf(undefined, "this field", `property "${name}" is required`));
}

/** Those of fields that have a schema were checked with it. */
function checkDependencies(
  { properties = {}, dependencies = {} }: JsonSchema,
  object: JsonObject,
  check: SchemaCheck,
): ValueFault | undefined {
  for (const [name, needed] of Object.entries(dependencies)) {
    if (Object.hasOwn(properties, name) || !Object.hasOwn(object, name)) continue;
    const fault = checkDependency(name, needed, object, check);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkDependency(
  name: string,
  needed: readonly string[] | JsonSchema,
  object: JsonObject,
  check: SchemaCheck,
): ValueFault | undefined {
  if (isNameList(needed)) {
    const missing = needed.find((other) => !Object.hasOwn(object, other));
    if (missing === undefined) return undefined;
    const words = `property "${missing}" is required when "${name}" is set`;
    return faultIn(missing, faultOf(undefined, `this field, since ${name} is there`, words));
  }
  const fault = checkSchema(needed, object, check);
  return (
    fault && reworded(fault, `failed to validate dependent schema for "${name}": ${fault.words}`)
  );
}

function isNameList(needed: readonly string[] | JsonSchema): needed is readonly string[] {
  return Array.isArray(needed);
}

/** Patterns come first: a field that fits one is not an additional one. */
function checkOtherFields(
  schema: JsonSchema,
  object: JsonObject,
  check: SchemaCheck,
): ValueFault | undefined {
  const { properties = {}, additionalProperties, patternProperties } = schema;
  const isOpen = additionalProperties === undefined || additionalProperties === true;
  if (isOpen && patternProperties === undefined) return undefined;
  const patterns = Object.entries(patternProperties ?? {});
  for (const [name, value] of Object.entries(object)) {
    const matching = patterns.filter(([pattern]) => isFound(pattern, name));
    for (const [pattern, inner] of matching) {
      const fault = checkSchema(inner, value, check);
      const before = `failed to validate ${name} (matching "${pattern}"): `;
      if (fault !== undefined) return faultIn(name, fault, before);
    }
    if (isOpen || matching.length > 0 || Object.hasOwn(properties, name)) continue;
    if (additionalProperties === false) return isForbidden(schema, name, value);
    const fault = checkSchema(additionalProperties, value, check);
    const before = `failed to validate additional property ${name}: `;
    if (fault !== undefined) return faultIn(name, fault, before);
  }
  return undefined;
}

function isForbidden({ properties = {} }: JsonSchema, name: string, value: unknown): ValueFault {
  const known = Object.keys(properties);
  const others = known.length === 0 ? "" : `; known are ${known.join(", ")}`;
  const words = `additional properties forbidden, found ${name}`;
  return faultIn(name, faultOf(value, `no field of this name${others}`, words));
}

/** Counts the defaults, too, which are filled in by then. */
function checkCount({ minProperties, maxProperties }: JsonSchema, object: JsonObject) {
  if (minProperties === undefined && maxProperties === undefined) return undefined;
  const count = Object.keys(object).length;
  if (minProperties !== undefined && count < minProperties) {
    const words = `expect object to have at least ${minProperties} properties`;
    return faultOf(object, `at least ${counted(minProperties, "field")}`, words);
  }
  if (maxProperties === undefined || count <= maxProperties) return undefined;
  const words = `expect object to have at most ${maxProperties} properties`;
  return faultOf(object, `at most ${counted(maxProperties, "field")}`, words);
}
