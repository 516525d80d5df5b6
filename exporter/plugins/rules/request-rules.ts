import { isReference } from "../../../shared/json-schema/check-schema.ts";
import {
  fieldOf,
  isObject,
  type JsonObject,
  luaText,
} from "../../../shared/json-schema/lua-value.ts";
import { faultIn, faultOf, type ValueFault } from "../../../shared/json-schema/value-fault.ts";
import { parseJson } from "../../../shared/parse-json.ts";
import { parseGraphql } from "../../../shared/request/graphql.ts";
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
  const open = ALL_WITH_CREDENTIALS.find((name) => conf[name] === "*");
  if (conf.allow_credential === true && open !== undefined) {
    const words = "you can not set '*' for other option when 'allow_credential' is true";
    return faultIn(open, faultOf("*", "no *, since allow_credential is true", words));
  }
  return (
    pcreListFault("allow_origins_by_regex", conf.allow_origins_by_regex) ??
    pcreListFault("timing_allow_origins_by_regex", conf.timing_allow_origins_by_regex)
  );
};

export const requestValidation: PluginRule = ({ conf }) =>
  firstOf(conf, ["body_schema", "header_schema"]);

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
function userSchemaFault(schema: unknown): ValueFault | undefined {
  if (Array.isArray(schema)) return firstOf(schema, Object.keys(schema));
  if (!isObject(schema)) return undefined;
  const types = typeof schema.type === "string" ? [schema.type] : schema.type;
  const wrong = Array.isArray(types) ? types.find((type) => !TYPES.has(luaText(type))) : undefined;
  if (wrong !== undefined) {
    const wanted = `one of ${[...TYPES].join(", ")}`;
    return faultIn("type", faultOf(wrong, wanted, `invalid JSON type: ${luaText(wrong)}`));
  }
  for (const name of INNER_MAPS) {
    const map = fieldOf(schema, name);
    const fault = isObject(map) ? firstOf(map, Object.keys(map)) : undefined;
    if (fault !== undefined) return faultIn(name, fault);
  }
  return firstOf(schema, [...INNER, ...INNER_LISTS]);
}

/** Of the schemas in these fields the first that has a fault. */
function firstOf(holder: object, names: readonly string[]): ValueFault | undefined {
  for (const name of names) {
    const schema = fieldOf(holder as JsonObject, name);
    const fault = userSchemaFault(schema);
    if (fault !== undefined) return faultIn(name, fault);
  }
  return undefined;
}

/** The document is a text, and that text is JSON; what it describes is looked at when requests come. */
export const oasValidator: PluginRule = ({ conf, use }) => {
  const { spec } = conf;
  if (use === "metadata" || typeof spec !== "string" || isReference(spec)) return undefined;
  const parsed = parseJson(spec);
  if (!("fault" in parsed)) return undefined;
  const words = `invalid JSON string provided, err: ${parsed.fault}`;
  return faultIn("spec", faultOf(spec, "JSON", words));
};

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
  if (isReference(conf.content_type) || EXAMPLE_TYPES.has(type.trim())) return undefined;
  const wanted = `one of ${[...EXAMPLE_TYPES].join(", ")}`;
  return faultIn("content_type", faultOf(conf.content_type, wanted, "unsupported content type!"));
};

export const degraphql: PluginRule = ({ conf }) => {
  const query = luaText(conf.query);
  // The parser itself gives up on anything but the whole, so the line is that of the end.
  const line = query.split("\n").length;
  if (isReference(query) || parseGraphql(query) !== undefined) return undefined;
  const words = `failed to parse query: Syntax error near line ${line}`;
  return faultIn("query", faultOf(query, "a GraphQL document", words));
};
