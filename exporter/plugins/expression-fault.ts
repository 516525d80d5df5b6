import { numberText } from "../../shared/expression/lua-number.ts";
import { luaText } from "../../shared/json-schema/lua-value.ts";
import { isIpRanges } from "./ip-list.ts";

/**
 * What lua-resty-expr says of a condition (reference 3.9). shared/expression finds the same faults and
 * tells them for people; here the words are the point.
 */
export function expressionFault(value: unknown): string | undefined {
  const rule = ruleOf(value);
  if (rule === undefined) return "missing argument rule";
  if (rule.length === 0) return undefined;
  if (!isTable(rule[0]) && logicOf(rule[0]) === undefined) {
    return "rule should be wrapped inside brackets";
  }
  return ruleFault(rule);
}

/** APISIX's JSON reader goes no deeper. */
const MOST_LEVELS = 1000;

/** An object has no members for Lua, whatever its fields. */
function ruleOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return isTable(value) ? [] : undefined;
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function ruleFault(value: unknown, level = 1): string | undefined {
  const rule = ruleOf(value);
  // APISIX's own code fails on what is no rule at all, and answers 500.
  if (rule === undefined || level > MOST_LEVELS) return "invalid expression";
  if (rule.length === 0) return "rule too short";
  const [first] = rule;
  if (isTable(first)) return firstFault(rule, level);
  if (logicOf(first) === undefined) return comparisonFault(rule);
  return rule.length <= 2 ? "rule too short" : firstFault(rule.slice(1), level);
}

function firstFault(rules: readonly unknown[], level: number): string | undefined {
  for (const rule of rules) {
    const fault = ruleFault(rule, level + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const LOGIC = new Set(["AND", "OR", "!AND", "!OR"]);

function logicOf(word: unknown): string | undefined {
  if (typeof word !== "string") return undefined;
  const upper = word.toUpperCase();
  return LOGIC.has(upper) ? upper : undefined;
}

const OPERATORS = new Set(["==", "~=", ">", ">=", "<", "<=", "~~", "~*", "in", "has", "ipmatch"]);

/** Elements beyond those of the form are ignored; only four of them are a negation. */
function comparisonFault(rule: readonly unknown[]): string | undefined {
  const isNegated = rule.length === 4;
  if (isNegated && rule[1] !== "!") return "bad 'not' expression";
  const operator = operatorText(rule[isNegated ? 2 : 1]);
  const wanted = rule[isNegated ? 3 : 2];
  if (operator === undefined) return "invalid expression";
  // Two elements: a variable and a value, which may be a word that is no operator.
  if (wanted === undefined) return undefined;
  if (!OPERATORS.has(operator)) return `invalid operator '${operator}'`;
  return operator === "ipmatch" ? addressFault(wanted) : undefined;
}

/** Operators are compared in lower case, and told in it. */
function operatorText(word: unknown): string | undefined {
  if (typeof word === "number") return numberText(word);
  return typeof word === "string" ? word.toLowerCase() : undefined;
}

function addressFault(wanted: unknown): string | undefined {
  const list = typeof wanted === "string" ? [wanted] : ruleOf(wanted);
  if (list === undefined || list.length === 0) return "invalid ip address";
  const wrong = list.find((entry) => typeof entry !== "string" || !isIpRanges(entry));
  return wrong === undefined ? undefined : `invalid ip address: ${luaText(wrong)}`;
}
