import { numberText, toNumber } from "./lua-number.ts";
import type { Comparison, Expression } from "./parse.ts";
import { PcreUnsupported } from "./pcre.ts";
import type { JsonValue, Variables } from "./variables.ts";

/** Evaluating failed where APISIX's does, which answers 500: `path` is the comparison's place. */
export class ExpressionFault extends Error {
  override readonly name = "ExpressionFault";
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path}: ${reason}`, options);
    this.path = path;
  }
}

/** Asks only for the variables that decide. Throws `ExpressionFault`, and `BodyNeeded` from `variables`. */
export function evaluate(expression: Expression, variables: Variables): boolean {
  switch (expression.is) {
    case "always":
      return true;
    case "comparison":
      return holds(expression, variables.get(expression.variable)) !== expression.negated;
    case "all":
      return !hasRule(expression.of, false, variables) !== expression.negated;
    case "any":
      return hasRule(expression.of, true, variables) !== expression.negated;
  }
}

/** Whether one of `rules` comes to `wanted`; those after it are not asked. */
function hasRule(rules: readonly Expression[], wanted: boolean, variables: Variables): boolean {
  for (const rule of rules) if (evaluate(rule, variables) === wanted) return true;
  return false;
}

function holds(comparison: Comparison, found: JsonValue | undefined): boolean {
  switch (comparison.operator) {
    case "==":
      return equals(found, comparison.value);
    case "~=":
      return !equals(found, comparison.value);
    case ">":
      return numbersHold(found, comparison.value, (a, b) => a > b);
    case ">=":
      return numbersHold(found, comparison.value, (a, b) => a >= b);
    case "<":
      return numbersHold(found, comparison.value, (a, b) => a < b);
    case "<=":
      return numbersHold(found, comparison.value, (a, b) => a <= b);
    case "~~":
    case "~*":
      return patternHolds(comparison, found);
    case "in":
      return isScalar(found) && comparison.values.includes(found);
    case "has":
      return Array.isArray(found) && isScalar(comparison.value) && found.includes(comparison.value);
    case "ipmatch":
      return addressHolds(comparison, found);
  }
}

/** A number is compared as a number, everything else without any conversion; null is nil. */
function equals(found: JsonValue | undefined, wanted: unknown): boolean {
  if (wanted === null) return found === undefined;
  if (typeof wanted === "number") return toNumber(found) === wanted;
  return isScalar(found) && found === wanted;
}

function numbersHold(
  found: JsonValue | undefined,
  wanted: unknown,
  compare: (a: number, b: number) => boolean,
): boolean {
  const [a, b] = [toNumber(found), toNumber(wanted)];
  return a !== undefined && b !== undefined && compare(a, b);
}

function patternHolds(
  { pattern, path }: Comparison & { readonly operator: "~~" | "~*" },
  found: JsonValue | undefined,
): boolean {
  if (found === undefined) return false;
  if (pattern === undefined) throw new ExpressionFault(path, "null is no regular expression");
  const text = searchedText(found);
  try {
    return text !== undefined && pattern.isFoundIn(text);
  } catch (cause) {
    if (!(cause instanceof PcreUnsupported)) throw cause;
    throw new ExpressionFault(path, `the regular expression has ${cause.message}`, { cause });
  }
}

/** Lua's `tostring`; of a table it tells an address, which no pattern can mean. */
function searchedText(found: JsonValue): string | undefined {
  if (typeof found === "number") return numberText(found);
  if (found === null) return "userdata: NULL";
  return typeof found === "object" ? undefined : String(found);
}

function addressHolds(
  { ranges, path }: Comparison & { readonly operator: "ipmatch" },
  found: JsonValue | undefined,
): boolean {
  if (found === undefined || found === false) return false;
  if (typeof found === "string") return ranges.has(found);
  throw new ExpressionFault(path, "ipmatch on what is neither text nor nothing");
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
