import { IpRangeError, type IpRanges, parseIpRanges } from "../routing/ip-ranges.ts";
import { numberText } from "./lua-number.ts";
import { Pattern } from "./pattern.ts";

/** A condition on the variables of a request: APISIX's `vars`, and the same elsewhere (reference 3.9). */
export type Expression =
  | { readonly is: "always" }
  | { readonly is: "all" | "any"; readonly negated: boolean; readonly of: readonly Expression[] }
  | Comparison;

/** One variable held against a value; `path` is where the comparison stands. */
export type Comparison = {
  readonly is: "comparison";
  readonly path: string;
  readonly variable: string;
  readonly negated: boolean;
} & Test;

export type Test =
  | { readonly operator: "==" | "~="; readonly value: unknown }
  | { readonly operator: ">" | ">=" | "<" | "<="; readonly value: unknown }
  | { readonly operator: "~~" | "~*"; readonly pattern: Pattern | undefined }
  | { readonly operator: "in"; readonly values: readonly unknown[] }
  | { readonly operator: "has"; readonly value: unknown }
  | { readonly operator: "ipmatch"; readonly ranges: IpRanges };

/** A value is no expression: where in it (`[0][2]`; empty for the whole), what is there, what is wanted. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly path: string;
  readonly found: string;
  readonly wanted: string;

  constructor(path: string, found: string, wanted: string) {
    super(`${path || "the expression"}: found ${found}, want ${wanted}`);
    this.path = path;
    this.found = found;
    this.wanted = wanted;
  }
}

/** APISIX's JSON reader goes no deeper either. */
const MOST_LEVELS = 1000;

const OPERATORS = ["==", "~=", ">", ">=", "<", "<=", "~~", "~*", "in", "has", "ipmatch"] as const;
type Operator = (typeof OPERATORS)[number];

const LOGIC: ReadonlyMap<string, { readonly is: "all" | "any"; readonly negated: boolean }> =
  new Map([
    ["and", { is: "all", negated: false }],
    ["or", { is: "any", negated: false }],
    ["!and", { is: "all", negated: true }],
    ["!or", { is: "any", negated: true }],
  ]);

/** Throws `ExpressionError`. A regular expression is not looked into until it is used. */
export function parseExpression(value: unknown): Expression {
  if (!Array.isArray(value)) throw new ExpressionError("", describe(value), "a list");
  if (value.length === 0) return { is: "always" };
  const [first] = value;
  if (!Array.isArray(first) && logicOf(first) === undefined) {
    const wanted = "a comparison in brackets of its own, or AND, OR, !AND, !OR";
    throw new ExpressionError("[0]", describe(first), wanted);
  }
  return parseRule(value, "", 1);
}

function parseRule(value: unknown, path: string, level: number): Expression {
  if (!Array.isArray(value)) throw new ExpressionError(path, describe(value), "a rule in brackets");
  if (level > MOST_LEVELS) {
    throw new ExpressionError("", `${level} levels`, `at most ${MOST_LEVELS} levels`);
  }
  if (value.length === 0) throw new ExpressionError(path, "an empty list", "a rule");
  const [first] = value;
  const logic = Array.isArray(first) ? { is: "all" as const, negated: false } : logicOf(first);
  if (logic === undefined) return parseComparison(value, path);
  const from = Array.isArray(first) ? 0 : 1;
  if (from === 1 && value.length < 3) {
    const found = `${first} with ${value.length - 1} of them`;
    throw new ExpressionError(path, found, "at least two rules after it");
  }
  const of = value.slice(from).map((rule, i) => parseRule(rule, `${path}[${i + from}]`, level + 1));
  return { ...logic, of };
}

function logicOf(word: unknown) {
  return typeof word === "string" ? LOGIC.get(word.toLowerCase()) : undefined;
}

/** `[variable, value]`, `[variable, operator, value]` or `[variable, "!", operator, value]`. */
function parseComparison(elements: readonly unknown[], path: string): Comparison {
  const [variable, second] = elements;
  if (typeof variable !== "string") {
    throw new ExpressionError(`${path}[0]`, describe(variable), "the name of a variable");
  }
  const wrap = (negated: boolean, test: Test): Comparison => {
    return { is: "comparison", path, variable, negated, ...test };
  };
  if (elements.length === 1) {
    throw new ExpressionError(path, "a variable alone", "a variable, an operator and a value");
  }
  if (elements.length === 2) {
    return wrap(false, { operator: "==", value: bareText(second, `${path}[1]`) });
  }
  // Four elements are a negation; of more, APISIX looks at the first three.
  const negated = elements.length === 4;
  if (negated && second !== "!") {
    throw new ExpressionError(`${path}[1]`, describe(second), "! before the operator");
  }
  const at = negated ? 2 : 1;
  const operator = operatorOf(elements[at], `${path}[${at}]`);
  return wrap(negated, parseTest(operator, elements[at + 1], `${path}[${at + 1}]`));
}

/** What `[variable, value]` compares with: APISIX makes a text of it, in lower case. */
function bareText(value: unknown, path: string): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return lowerCase(value);
  throw new ExpressionError(path, describe(value), "a text or number, or an operator before it");
}

function operatorOf(word: unknown, path: string): Operator {
  const name = typeof word === "string" ? word.toLowerCase() : undefined;
  const operator = OPERATORS.find((known) => known === name);
  if (operator) return operator;
  throw new ExpressionError(path, describe(word), `one of ${OPERATORS.join(", ")}`);
}

function parseTest(operator: Operator, value: unknown, path: string): Test {
  switch (operator) {
    case "~~":
    case "~*": {
      const text = patternText(value, path);
      const pattern = text === undefined ? undefined : new Pattern(text, operator === "~*");
      return { operator, pattern };
    }
    case "in":
      // What is no list has nothing in it.
      return { operator, values: Array.isArray(value) ? value : [] };
    case "ipmatch":
      return { operator, ranges: parseRanges(value, path) };
    default:
      return { operator, value };
  }
}

/** Undefined for null, on which APISIX fails only when it evaluates. */
function patternText(value: unknown, path: string): string | undefined {
  if (value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  if (typeof value === "boolean") return String(value);
  throw new ExpressionError(path, describe(value), "a regular expression");
}

function parseRanges(value: unknown, path: string): IpRanges {
  const list: unknown = typeof value === "string" ? [value] : value;
  if (!Array.isArray(list) || list.length === 0) {
    throw new ExpressionError(path, describe(value), "an address or network, or a list of them");
  }
  const refuse = (index: number): never => {
    const at = typeof value === "string" ? path : `${path}[${index}]`;
    const wanted = "an address, or a network such as 10.0.0.0/8";
    throw new ExpressionError(at, describe(list[index]), wanted);
  };
  const noText = list.findIndex((entry) => typeof entry !== "string");
  if (noText >= 0) refuse(noText);
  try {
    return parseIpRanges(list);
  } catch (error) {
    if (error instanceof IpRangeError) return refuse(list.indexOf(error.entry));
    throw error;
  }
}

/** Lua's, which knows no other letters. */
function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const MOST_SHOWN = 80;

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN - 1)}…`;
}
