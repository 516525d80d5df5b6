import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";

/** A schema as OpenAPI 3.1 has it: JSON Schema 2020-12. */
export type OpenSchema = Readonly<Record<string, unknown>>;

type Convert = (schema: JsonSchema) => OpenSchema;

/**
 * A schema of APISIX's, draft 4 to 7, in the words of 2020-12. A part that is a schema of its own, by
 * identity, becomes the reference that `referenceTo` gives.
 */
export function toDraft2020(
  schema: JsonSchema,
  referenceTo: (part: JsonSchema) => OpenSchema | undefined = () => undefined,
): OpenSchema {
  return convert(schema, referenceTo, {});
}

/** `around`: the fields of the object that a condition speaks of, where it does not name them itself. */
function convert(
  schema: JsonSchema,
  referenceTo: (part: JsonSchema) => OpenSchema | undefined,
  around: Schemas,
): OpenSchema {
  const fields = { ...around, ...schema.properties };
  const inner: Convert = (part) => referenceTo(part) ?? convert(part, referenceTo, {});
  // These speak of the same object.
  const same: Convert = (part) => referenceTo(part) ?? convert(part, referenceTo, fields);
  const converted = Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
    switch (keyword) {
      // A mark of APISIX's own, that no reader has a use for.
      case "$comment":
        return [];
      case "properties":
      case "patternProperties":
        return [[keyword, each(value as Schemas, inner)]];
      case "allOf":
      case "anyOf":
      case "oneOf":
        return [[keyword, (value as readonly JsonSchema[]).map(same)]];
      case "if":
        return [[keyword, same(withDefaults(value as JsonSchema, fields))]];
      case "not":
      case "then":
      case "else":
        return [[keyword, same(value as JsonSchema)]];
      case "additionalProperties":
        return [[keyword, typeof value === "object" ? inner(value as JsonSchema) : value]];
      case "items":
        return items(value as JsonSchema["items"], inner);
      case "dependencies":
        return dependencies(value as NonNullable<JsonSchema["dependencies"]>, inner);
      case "pattern":
        return [[isPortable(value as string) ? keyword : "x-pcre-pattern", value]];
      case "encrypt_fields":
        return [["x-encrypt-fields", value]];
      default:
        return [[keyword, value]];
    }
  });
  return Object.fromEntries(converted);
}

/**
 * APISIX fills in defaults before it checks; a reader does not, and takes a condition on a field that is
 * not there for true. So the field has to be there where its default would make the condition false.
 */
function withDefaults(condition: JsonSchema, fields: Schemas): JsonSchema {
  const needed = Object.entries(condition.properties ?? {}).flatMap(([name, wanted]) => {
    const fallback = fields[name]?.default;
    if (fallback === undefined) return [];
    const isMet = wanted.enum?.includes(fallback as string) ?? wanted.const === fallback;
    return isMet ? [] : [name];
  });
  const required = [...new Set([...(condition.required ?? []), ...needed])];
  return required.length > 0 ? { ...condition, required } : condition;
}

type Schemas = Readonly<Record<string, JsonSchema>>;

function each(schemas: Schemas, inner: Convert): Readonly<Record<string, OpenSchema>> {
  return Object.fromEntries(Object.entries(schemas).map(([name, part]) => [name, inner(part)]));
}

function items(value: JsonSchema["items"], inner: Convert): [string, unknown][] {
  if (isTuple(value)) return [["prefixItems", value.map(inner)]];
  return value === undefined ? [] : [["items", inner(value)]];
}

function isTuple(value: JsonSchema["items"]): value is readonly JsonSchema[] {
  return Array.isArray(value);
}

/** One keyword has become two. */
function dependencies(
  value: NonNullable<JsonSchema["dependencies"]>,
  inner: Convert,
): [string, unknown][] {
  const required: [string, unknown][] = [];
  const schemas: [string, unknown][] = [];
  for (const [name, wanted] of Object.entries(value)) {
    if (isNames(wanted)) required.push([name, wanted]);
    else schemas.push([name, inner(wanted)]);
  }
  return [
    ...(required.length > 0 ? [["dependentRequired", Object.fromEntries(required)] as const] : []),
    ...(schemas.length > 0 ? [["dependentSchemas", Object.fromEntries(schemas)] as const] : []),
  ].map(([keyword, fields]) => [keyword, fields]);
}

function isNames(value: readonly string[] | JsonSchema): value is readonly string[] {
  return Array.isArray(value);
}

/** APISIX's patterns are PCRE, those of JSON Schema are JavaScript's with the flag `u`. */
function isPortable(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}
