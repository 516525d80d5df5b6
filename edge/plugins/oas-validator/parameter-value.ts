import { setField } from "../../../shared/json-schema/lua-value.ts";
import { parseJson } from "../../../shared/parse-json.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import type { FormField } from "../../../shared/request/form.ts";
import { coerce, coerceFields, typesOf } from "./coerce.ts";
import type { Parameter } from "./operation.ts";

/** As it was sent; a query may have several of a name, and some without a value. */
export type RawValue = string | true | readonly (string | true)[];

/** A parameter's value by its style; undefined: there is none. */
export function parameterValue(
  parameter: Parameter,
  raw: RawValue | undefined,
  query: readonly FormField[],
): unknown {
  const { schema, style, isJson, name } = parameter;
  const type = schema.type === undefined ? undefined : [schema.type].flat()[0];
  if (style === "deepObject" && parameter.in === "query") {
    const branch = type === "object" ? schema : objectBranch(schema);
    const deep = branch && deepObject(name, branch, query);
    if (deep || type === "object") return deep;
  }
  if (raw === undefined) return undefined;
  if (isJson && typeof raw === "string") {
    const parsed = parseJson(raw);
    if (!("fault" in parsed)) return parsed.value;
  }
  if (type === "array") return listValue(parameter, raw);
  if (type === "object") return objectValue(parameter, raw);
  return coerce(raw, schema);
}

const DELIMITERS: Readonly<Record<string, string>> = {
  simple: ",",
  pipeDelimited: "|",
  spaceDelimited: " ",
};

function listValue({ schema, style, explode }: Parameter, raw: RawValue): readonly unknown[] {
  const { items } = schema;
  const itemSchema: JsonSchema = items && !Array.isArray(items) ? (items as JsonSchema) : {};
  const delimiter = style === "form" && !explode ? "," : DELIMITERS[style];
  const texts: readonly (string | true)[] = typeof raw === "object" ? raw : [raw];
  const members = delimiter
    ? texts.flatMap((text): readonly (string | true)[] =>
        text === true ? [text] : text.split(delimiter),
      )
    : texts;
  return members.map((member) => coerce(member, itemSchema));
}

/** `a,1,b,2`, or `a=1,b=2` where `explode` is set. */
function objectValue({ schema, style, explode }: Parameter, raw: RawValue): unknown {
  if (style !== "simple" || typeof raw !== "string") return raw;
  const parts = raw.split(",");
  const fields: Record<string, unknown> = {};
  if (explode) {
    for (const part of parts) {
      const [name = "", value, ...more] = part.split("=");
      if (value !== undefined && more.length === 0) setField(fields, name, value);
    }
  } else {
    for (let i = 0; i + 1 < parts.length; i += 2) setField(fields, parts[i] ?? "", parts[i + 1]);
  }
  return coerceFields(fields, schema);
}

function objectBranch({ anyOf = [], oneOf = [] }: JsonSchema): JsonSchema | undefined {
  return [...anyOf, ...oneOf].find((branch) => typesOf(branch, new Set()).has("object"));
}

/** `name[a]=1&name[b][c]=2`; undefined where nothing is called so. */
function deepObject(
  name: string,
  schema: JsonSchema,
  query: readonly FormField[],
): object | undefined {
  const root: Record<string, unknown> = {};
  let isFound = false;
  for (const [key, value] of query) {
    if (!key.startsWith(`${name}[`)) continue;
    isFound = true;
    const steps = [...key.matchAll(/\[([^\]]+)\]/g)].map(([, step = ""]) => step);
    const last = steps.pop();
    if (last !== undefined) put(root, steps, last, value);
  }
  return isFound ? coerceFields(root, schema) : undefined;
}

/** The first of several values counts. */
function put(
  root: Record<string, unknown>,
  steps: readonly string[],
  last: string,
  value: unknown,
) {
  let holder = root;
  for (const step of steps) {
    const inner = Object.hasOwn(holder, step) ? holder[step] : undefined;
    const next: Record<string, unknown> =
      typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
    if (next !== inner) setField(holder, step, next);
    holder = next;
  }
  if (!Object.hasOwn(holder, last)) setField(holder, last, value);
}
