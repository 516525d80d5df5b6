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

/** By what one limit counts. */
export interface KeyedBy {
  readonly key: string;
  /** Which of the rules; 0: there are none. */
  readonly rule: number;
}

/**
 * All limits that apply to a request: the configuration's own, or those of its rules. Undefined where one
 * that applies has no number: left out, a client that chooses the number could choose not to be limited.
 */
export function limitsOf<R extends { readonly key: string }, L>(
  configuration: LimitKey & { readonly rules?: readonly R[] },
  variables: Variables,
  numbers: { readonly own: () => L | undefined; readonly ofRule: (rule: R) => L | undefined },
): (L & KeyedBy)[] | undefined {
  const { rules } = configuration;
  if (!rules) {
    const limit = numbers.own();
    return limit && [{ ...limit, key: limitKey(configuration, variables), rule: 0 }];
  }
  const limits: (L & KeyedBy)[] = [];
  for (const [i, rule] of rules.entries()) {
    const key = ruleKey(rule.key, variables);
    if (key === undefined) continue;
    const limit = numbers.ofRule(rule);
    if (!limit) return undefined;
    limits.push({ ...limit, key, rule: i + 1 });
  }
  return limits;
}
