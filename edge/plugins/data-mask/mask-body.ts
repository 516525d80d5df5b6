import {
  type JsonPath,
  JsonPathError,
  locateJsonPath,
  parseJsonPath,
} from "../../../shared/expression/json-path.ts";
import type { JsonValue } from "../../../shared/expression/variables.ts";
import { setField } from "../../../shared/json-schema/lua-value.ts";
import { parseJson } from "../../../shared/parse-json.ts";
import { decodeUri } from "../../../shared/routing/uri-bytes.ts";
import { ConfigurationRefused } from "../plugin.ts";
import { type MaskAction, parseAction } from "./mask-action.ts";
import { maskForm } from "./mask-form.ts";
import type { MaskRule } from "./mask-rule.ts";

/** What is to be done with a field of a body. */
export type BodyRule =
  | { readonly is: "form"; readonly name: string; readonly action: MaskAction }
  | { readonly is: "json"; readonly path: JsonPath; readonly action: MaskAction };

export interface BodyLimits {
  /** Of a JSON body. */
  readonly maxBytes: number;
  /** Of a form; 0: no limit. */
  readonly maxFields: number;
}

const UTF8 = new TextEncoder();

/** Throws `ConfigurationRefused`. */
export function parseBodyRule(rule: MaskRule): BodyRule {
  const action = parseAction(rule);
  if (rule.body_format === "urlencoded") return { is: "form", name: rule.name, action };
  try {
    return { is: "json", path: parseJsonPath(rule.name.replace(/^\$(?:\.(?!\.))?/, "")), action };
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new ConfigurationRefused(error.message);
  }
}

/** The body as it may be told; undefined: not at all, as it is too long to be looked into. */
export function maskBody(
  rules: readonly BodyRule[],
  body: Uint8Array,
  { maxBytes, maxFields }: BodyLimits,
): Uint8Array | undefined {
  const inJson = rules.filter((rule) => rule.is === "json");
  const inForm = rules.flatMap((rule) =>
    rule.is === "form" ? [[rule.name, rule.action] as const] : [],
  );
  if (inJson.length > 0 && body.length > maxBytes) return undefined;
  const json = inJson.length === 0 ? undefined : maskJson(inJson, body);
  if (json !== undefined) return UTF8.encode(json);
  if (inForm.length === 0) return body;
  const form = maskForm(inForm, decodeUri(body, 0, body.length), maxFields || undefined);
  return form === undefined ? body : UTF8.encode(form);
}

/** Undefined: it is no JSON, or none of the rules has to do with it. */
function maskJson(
  rules: readonly Extract<BodyRule, { is: "json" }>[],
  body: Uint8Array,
): string | undefined {
  const parsed = parseJson(new TextDecoder().decode(body));
  if ("fault" in parsed) return undefined;
  const root = parsed.value as JsonValue;
  let isMasked = false;
  for (const { path, action } of rules) {
    for (const { holder, key, value } of locateJsonPath(path, root)) {
      if (typeof holder !== "object" || holder === null) continue;
      isMasked = true;
      put(holder, key, action(typeof value === "object" ? JSON.stringify(value) : String(value)));
    }
  }
  return isMasked ? JSON.stringify(root) : undefined;
}

/** In a list, null takes the place of what is removed: the places of the others stay. */
function put(holder: object, key: string | number, value: string | undefined): void {
  if (value !== undefined) setField(holder as Record<string, unknown>, String(key), value);
  else if (Array.isArray(holder)) holder[Number(key)] = null;
  else Reflect.deleteProperty(holder, key);
}
