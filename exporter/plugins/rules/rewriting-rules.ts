import { isReference } from "../../../shared/json-schema/check-schema.ts";
import { type JsonObject, luaText } from "../../../shared/json-schema/lua-value.ts";
import {
  faultIn,
  faultOf,
  reworded,
  type ValueFault,
} from "../../../shared/json-schema/value-fault.ts";
import { conditionFault } from "../condition-fault.ts";
import { headerLettersFault, plainHeadersFault } from "./headers.ts";
import { firstObject, type PluginRule } from "./plugin-rule.ts";
import { replacementFault } from "./replacement.ts";

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((member) => typeof member === "string") : [];

/** Patterns and replacements by turns. */
export const proxyRewrite: PluginRule = ({ conf }) => {
  const rewrites = textsOf(conf.regex_uri);
  if (rewrites.length % 2 !== 0) {
    const words = "The length of regex_uri should be an even number";
    return faultIn("regex_uri", faultOf(rewrites, "pairs of pattern and replacement", words));
  }
  for (let at = 0; at < rewrites.length; at += 2) {
    const fault = replacementFault(rewrites, at);
    const pair = `${rewrites[at]}, ${rewrites[at + 1]}`;
    if (fault) return reworded(fault, `invalid regex_uri(${pair}): ${fault.words}`);
  }
  return plainHeadersFault(conf.headers) ?? headerLettersFault(conf.headers);
};

export const redirect: PluginRule = ({ conf }) => {
  const pair = textsOf(conf.regex_uri);
  const fault = pair.length === 0 ? undefined : replacementFault(pair, 0);
  if (fault) {
    const [pattern, replacement = ""] = pair;
    return reworded(fault, `invalid regex_uri (${pattern}, ${replacement}), err:${fault.words}`);
  }
  if (conf.http_to_https !== true || conf.append_query_string !== true) return undefined;
  const words = "only one of `http_to_https` and `append_query_string` can be configured.";
  return faultIn("append_query_string", faultOf(true, "false, since http_to_https is true", words));
};

export const responseRewrite: PluginRule = ({ conf }) =>
  plainHeadersFault(conf.headers) ??
  encodedBodyFault(conf.body_base64, conf.body) ??
  varsFault(conf.vars) ??
  firstObject(conf, "filters", filterFault);

/** There has to be a body to decode. */
function encodedBodyFault(isEncoded: unknown, body: unknown): ValueFault | undefined {
  if (isEncoded !== true || isReference(body)) return undefined;
  const isBase64 = typeof body === "string" && body !== "" && isDecodable(body);
  if (isBase64) return undefined;
  const wanted = "base64, since body_base64 is true";
  return faultIn("body", faultOf(body, wanted, "invalid base64 content"));
}

/** What nginx decodes: padding may be left out, but no single letter may be over. */
export function isDecodable(text: string): boolean {
  const bare = text.replace(/={1,2}$/, "");
  return /^[A-Za-z0-9+/]*$/.test(bare) && bare.length % 4 !== 1;
}

function varsFault(vars: unknown): ValueFault | undefined {
  if (vars === undefined) return undefined;
  const fault = conditionFault(vars, "failed to validate the 'vars' expression: ");
  return fault && faultIn("vars", fault);
}

const FLAGS = "adijmosuxDJU";

/** A filter's pattern is not compiled before it is used; unknown flags are refused. */
function filterFault(filter: JsonObject): ValueFault | undefined {
  const flags = luaText(filter.options);
  const unknown = [...flags].find((flag) => !FLAGS.includes(flag));
  if (unknown === undefined) return undefined;
  const why = `unknown flag "${unknown}" (flags "${flags}")`;
  const words = `regex "${luaText(filter.regex)}" validation failed: ${why}`;
  return faultIn("options", faultOf(filter.options, `no letters but ${FLAGS}`, words));
}
