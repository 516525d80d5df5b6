import { parseGraphql } from "../../../../shared/request/graphql.ts";
import { isReference } from "../../schema/check-schema.ts";
import { isObject, luaText } from "../../schema/lua-value.ts";
import { pcreListFault } from "../pcre-fault.ts";
import type { PluginRule } from "./plugin-rule.ts";

const ALL_WITH_CREDENTIALS = [
  "allow_origins",
  "allow_methods",
  "allow_headers",
  "expose_headers",
  "timing_allow_origins",
];

/** Browsers take no `*` together with credentials. */
export const cors: PluginRule = ({ conf, use }) => {
  if (use === "metadata") return undefined;
  if (conf.allow_credential === true && ALL_WITH_CREDENTIALS.some((name) => conf[name] === "*")) {
    return "you can not set '*' for other option when 'allow_credential' is true";
  }
  return (
    pcreListFault(conf.allow_origins_by_regex) ?? pcreListFault(conf.timing_allow_origins_by_regex)
  );
};

export const requestValidation: PluginRule = ({ conf }) =>
  userSchemaFault(conf.body_schema) ?? userSchemaFault(conf.header_schema);

const TYPES = new Set([
  "object",
  "array",
  "table",
  "integer",
  "string",
  "boolean",
  "number",
  "null",
  "function",
]);
const INNER_LISTS = ["allOf", "anyOf", "oneOf"];
const INNER_MAPS = ["properties", "patternProperties"];
const INNER = ["items", "additionalProperties", "not", "if", "then", "else"];

/** What APISIX's validator cannot make of a schema. The walk is bounded by the body's own levels. */
function userSchemaFault(schema: unknown): string | undefined {
  if (Array.isArray(schema)) return firstOf(schema);
  if (!isObject(schema)) return undefined;
  const types = typeof schema.type === "string" ? [schema.type] : schema.type;
  const wrong = Array.isArray(types) ? types.find((type) => !TYPES.has(luaText(type))) : undefined;
  if (wrong !== undefined) return `invalid JSON type: ${luaText(wrong)}`;
  const fields = (names: readonly string[]) =>
    names.flatMap((name) => (Object.hasOwn(schema, name) ? [schema[name]] : []));
  return (
    firstOf(fields(INNER_MAPS).flatMap((map) => (isObject(map) ? Object.values(map) : []))) ??
    firstOf(fields(INNER)) ??
    firstOf(fields(INNER_LISTS))
  );
}

function firstOf(schemas: readonly unknown[]): string | undefined {
  for (const schema of schemas) {
    const fault = userSchemaFault(schema);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const EXAMPLE_TYPES = new Set([
  "application/xml",
  "application/json",
  "text/plain",
  "text/html",
  "text/xml",
]);

/** An answer is made up from a schema for these types only. */
export const mocking: PluginRule = ({ conf }) => {
  const [type = ""] = luaText(conf.content_type).split(";");
  return isReference(conf.content_type) || EXAMPLE_TYPES.has(type.trim())
    ? undefined
    : "unsupported content type!";
};

export const degraphql: PluginRule = ({ conf }) => {
  const query = luaText(conf.query);
  // The parser itself gives up on anything but the whole, so the line is that of the end.
  const line = query.split("\n").length;
  return isReference(query) || parseGraphql(query) !== undefined
    ? undefined
    : `failed to parse query: Syntax error near line ${line}`;
};
