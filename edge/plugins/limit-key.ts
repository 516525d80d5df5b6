import { toNumber } from "../../shared/expression/lua-number.ts";
import { fillTemplate, variableText } from "../../shared/expression/template.ts";
import type { Variables } from "../../shared/expression/variables.ts";

/** By what the limiting plugins count. */
export interface LimitKey {
  readonly key: string;
  readonly key_type: "var" | "var_combination" | "constant";
}

/** Where the key comes to nothing, the client's address stands for it. */
export function limitKey({ key, key_type: type }: LimitKey, variables: Variables): string {
  if (type === "constant") return key;
  const found = type === "var" ? textOf(variables, key) : ruleKey(key, variables);
  return found ?? textOf(variables, "remote_addr") ?? "";
}

/** A rule's key is a template; undefined where no variable of it is there: the rule does not apply. */
export function ruleKey(key: string, variables: Variables): string | undefined {
  const { text, resolved } = fillTemplate(key, variables);
  return resolved === 0 ? undefined : text;
}

/** A number or a template for one; undefined where that gives no whole number from `least` on. */
export function wholeNumber(
  value: number | string,
  variables: Variables,
  least: number,
): number | undefined {
  if (typeof value === "number") return value;
  const number = toNumber(fillTemplate(value, variables).text);
  return number !== undefined && Number.isSafeInteger(number) && number >= least
    ? number
    : undefined;
}

function textOf(variables: Variables, name: string): string | undefined {
  const value = variables.get(name);
  return value === undefined ? undefined : variableText(value);
}
