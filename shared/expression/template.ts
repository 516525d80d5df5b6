import { numberText } from "./lua-number.ts";
import type { JsonValue, Variables } from "./variables.ts";

/** `$name`, `${ name }` or `${name ?? text}`, unless a backslash stands before it. The backslash stays. */
const PLACEHOLDER = /(?<!\\)\$(?:\{\s*([^}]+?)\s*\}|([\w.]+))/g;
const OTHERWISE = /\s*\?\?\s*/;

/** What became of a template. */
export interface FilledTemplate {
  readonly text: string;
  /** How many placeholders had a variable's value or a text of their own to stand for them. */
  readonly resolved: number;
}

/**
 * APISIX's templates in strings of the configuration. A variable that there is not becomes nothing;
 * `escaped` is what becomes of the text of one that there is.
 */
export function fillTemplate(
  template: string,
  variables: Variables,
  escaped?: (text: string) => string,
): FilledTemplate {
  let resolved = 0;
  const text = template.replace(PLACEHOLDER, (_all, braced?: string, plain?: string) => {
    const [name = "", otherwise] = (braced ?? plain ?? "").split(OTHERWISE);
    const value = variables.get(name) ?? otherwise;
    if (value === undefined) return "";
    resolved += 1;
    const told = variableText(value);
    return escaped ? escaped(told) : told;
  });
  return { text, resolved };
}

/** As Lua's `tostring`, but for arrays and objects, of which Lua would tell the place in memory. */
export function variableText(value: JsonValue): string {
  if (typeof value === "number") return numberText(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
