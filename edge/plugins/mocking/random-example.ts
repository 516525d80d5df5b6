import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isJsonObject } from "../../../shared/json-object.ts";

type Schema = Readonly<Record<string, unknown>>;

/** No schema of a configuration goes deeper than APISIX's JSON reader. */
const MOST_LEVELS = 1000;

/**
 * A value that fits a schema, as far as APISIX looks at one: its type, its `example`, the properties of
 * objects and the items of lists. Undefined for a type that there is not.
 */
export function randomExample(
  schema: Schema,
  random: () => number,
  level = 0,
): JsonValue | undefined {
  const { example, type } = schema;
  const between = (least: number, most: number) =>
    least + Math.floor(random() * (most - least + 1));
  const inner = (of: unknown) =>
    isJsonObject(of) && level < MOST_LEVELS ? randomExample(of, random, level + 1) : undefined;
  switch (String(type).toLowerCase()) {
    case "object":
      return objectOf(schema.properties, inner);
    case "array":
      if (!isJsonObject(schema.items)) return undefined;
      return Array.from({ length: between(1, 3) }, () => inner(schema.items)).filter(
        (value) => value !== undefined,
      );
    case "string":
      if (typeof example === "string") return example;
      return Array.from({ length: between(1, 10) }, () =>
        String.fromCharCode(between(LETTER_A, LETTER_Z)),
      ).join("");
    case "number":
      return typeof example === "number" ? example : random() * 10_000;
    case "integer":
      return typeof example === "number" ? Math.floor(example) : between(1, 10_000);
    case "boolean":
      return typeof example === "boolean" ? example : random() >= 0.5;
    default:
      return undefined;
  }
}

const LETTER_A = 97;
const LETTER_Z = 122;

function objectOf(properties: unknown, inner: (of: unknown) => JsonValue | undefined): JsonValue {
  if (!isJsonObject(properties)) return {};
  const values = Object.entries(properties).flatMap(([name, property]) => {
    const value = inner(property);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(values);
}
