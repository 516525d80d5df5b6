import { isReference } from "../../schema/check-schema.ts";
import { isObject, luaText } from "../../schema/lua-value.ts";
import { expressionFault } from "../expression-fault.ts";
import { headerLettersFault, plainHeadersFault } from "./headers.ts";
import type { PluginRule } from "./plugin-rule.ts";
import { replacementFault } from "./replacement.ts";

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((member) => typeof member === "string") : [];

/** Patterns and replacements by turns. */
export const proxyRewrite: PluginRule = ({ conf }) => {
  const rewrites = textsOf(conf.regex_uri);
  if (rewrites.length % 2 !== 0) return "The length of regex_uri should be an even number";
  for (let at = 0; at < rewrites.length; at += 2) {
    const [pattern = "", replacement = ""] = rewrites.slice(at, at + 2);
    const fault = replacementFault(pattern, replacement);
    if (fault !== undefined) return `invalid regex_uri(${pattern}, ${replacement}): ${fault}`;
  }
  return plainHeadersFault(conf.headers) ?? headerLettersFault(conf.headers);
};

export const redirect: PluginRule = ({ conf }) => {
  const [pattern, replacement = ""] = textsOf(conf.regex_uri);
  const fault = pattern === undefined ? undefined : replacementFault(pattern, replacement);
  if (fault !== undefined) return `invalid regex_uri (${pattern}, ${replacement}), err:${fault}`;
  return conf.http_to_https === true && conf.append_query_string === true
    ? "only one of `http_to_https` and `append_query_string` can be configured."
    : undefined;
};

export const responseRewrite: PluginRule = ({ conf }) =>
  plainHeadersFault(conf.headers) ??
  encodedBodyFault(conf.body_base64, conf.body) ??
  conditionFault(conf.vars) ??
  filterFault(conf.filters);

/** There has to be a body to decode. */
function encodedBodyFault(isEncoded: unknown, body: unknown): string | undefined {
  if (isEncoded !== true || isReference(body)) return undefined;
  const isBase64 = typeof body === "string" && body !== "" && isDecodable(body);
  return isBase64 ? undefined : "invalid base64 content";
}

/** What nginx decodes: padding may be left out, but no single letter may be over. */
export function isDecodable(text: string): boolean {
  const bare = text.replace(/={1,2}$/, "");
  return /^[A-Za-z0-9+/]*$/.test(bare) && bare.length % 4 !== 1;
}

function conditionFault(vars: unknown): string | undefined {
  const fault = vars === undefined ? undefined : expressionFault(vars);
  return fault && `failed to validate the 'vars' expression: ${fault}`;
}

const FLAGS = "adijmosuxDJU";

/** A filter's pattern is not compiled before it is used; unknown flags are refused. */
function filterFault(filters: unknown): string | undefined {
  for (const filter of Array.isArray(filters) ? filters : []) {
    if (!isObject(filter)) continue;
    const flags = luaText(filter.options);
    const unknown = [...flags].find((flag) => !FLAGS.includes(flag));
    if (unknown !== undefined) {
      const why = `unknown flag "${unknown}" (flags "${flags}")`;
      return `regex "${luaText(filter.regex)}" validation failed: ${why}`;
    }
  }
  return undefined;
}
