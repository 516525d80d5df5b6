import type { JsonValue, Variables } from "../../../shared/expression/variables.ts";

/** `log_format`, `log_format_extra`: names to variables (`$host`), constants, or such objects again. */
export type LogFormat = Readonly<Record<string, unknown>>;

export type LogFields = Record<string, JsonValue>;

/** What is deeper is left out. */
const DEEPEST = 5;

type Field =
  | { readonly is: "variable"; readonly variable: string }
  | { readonly is: "constant"; readonly value: JsonValue }
  | { readonly is: "object"; readonly fields: ReadonlyMap<string, Field> };

/** A format, taken apart once. */
export class CompiledFormat {
  readonly #fields: ReadonlyMap<string, Field>;

  constructor(format: LogFormat) {
    this.#fields = fieldsOf(format, 1);
  }

  /** Fields with a variable that the request has not are left out. */
  fill(variables: Variables): LogFields {
    return filled(this.#fields, variables);
  }

  has(variable: string): boolean {
    return mentions(this.#fields, variable);
  }
}

function fieldsOf(format: LogFormat, depth: number): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const [name, value] of Object.entries(format)) {
    if (typeof value === "string" && value.startsWith("$")) {
      fields.set(name, { is: "variable", variable: value.slice(1) });
    } else if (isObject(value)) {
      if (depth < DEEPEST) fields.set(name, { is: "object", fields: fieldsOf(value, depth + 1) });
    } else {
      // It came as JSON.
      fields.set(name, { is: "constant", value: value as JsonValue });
    }
  }
  return fields;
}

function filled(fields: ReadonlyMap<string, Field>, variables: Variables): LogFields {
  const found: LogFields = {};
  for (const [name, field] of fields) {
    const value = fieldValue(field, variables);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function fieldValue(field: Field, variables: Variables): JsonValue | undefined {
  if (field.is === "constant") return field.value;
  if (field.is === "object") return filled(field.fields, variables);
  return variables.get(field.variable);
}

function mentions(fields: ReadonlyMap<string, Field>, variable: string): boolean {
  return [...fields.values()].some(
    (field) =>
      (field.is === "variable" && field.variable === variable) ||
      (field.is === "object" && mentions(field.fields, variable)),
  );
}

function isObject(value: unknown): value is LogFormat {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
