import type { JsonValue } from "../../shared/expression/variables.ts";
import { addressAccepted } from "./naive-address.ts";

/** Reads one variable of a request; undefined where there is none (Lua's nil). */
export type ReadVariable = (name: string) => JsonValue | undefined;

const LOGIC = ["and", "or", "!and", "!or"];

/**
 * A route's `vars`, evaluated straight from the reference (part 3.9) and for valid expressions only. It
 * shares no code with the gateway.
 */
export function naiveHolds(rule: unknown, read: ReadVariable): boolean {
  const elements = rule as readonly unknown[];
  const [first] = elements;
  if (elements.length === 0) return true;
  if (Array.isArray(first)) return elements.every((element) => naiveHolds(element, read));
  const word = String(first).toLowerCase();
  if (!LOGIC.includes(word)) return comparisonHolds(elements, read);
  const rules = elements.slice(1);
  const holds = word.endsWith("and")
    ? rules.every((element) => naiveHolds(element, read))
    : rules.some((element) => naiveHolds(element, read));
  return word.startsWith("!") ? !holds : holds;
}

function comparisonHolds(elements: readonly unknown[], read: ReadVariable): boolean {
  const found = read(elements[0] as string);
  if (elements.length === 2) return found === String(elements[1]).toLowerCase();
  if (elements.length === 4) return !operatorHolds(elements[2] as string, found, elements[3]);
  return operatorHolds(elements[1] as string, found, elements[2]);
}

function operatorHolds(operator: string, found: JsonValue | undefined, wanted: unknown): boolean {
  const a = toNumber(found);
  const b = toNumber(wanted);
  const areNumbers = a !== undefined && b !== undefined;
  switch (operator.toLowerCase()) {
    case "==":
      return equals(found, wanted);
    case "~=":
      return !equals(found, wanted);
    case ">":
      return areNumbers && a > b;
    case ">=":
      return areNumbers && a >= b;
    case "<":
      return areNumbers && a < b;
    case "<=":
      return areNumbers && a <= b;
    case "~~":
      return isSearched(found) && isFound(String(wanted), "", String(found));
    case "~*":
      return isSearched(found) && isFound(String(wanted), "i", String(found));
    case "in":
      return Array.isArray(wanted) && isScalar(found) && wanted.includes(found);
    case "has":
      return Array.isArray(found) && found.includes(wanted);
    case "ipmatch":
      return typeof found === "string" && addressAccepted([wanted].flat() as string[], found);
    default:
      throw new Error(`the naive matcher knows no operator ${operator}`);
  }
}

/** A list is an address of memory to Lua's regular expressions, in which nothing is found on purpose. */
function isSearched(found: JsonValue | undefined): boolean {
  return found !== undefined && typeof found !== "object";
}

/** What is no regular expression is found nowhere. */
function isFound(pattern: string, flags: string, text: string): boolean {
  try {
    return new RegExp(pattern, flags).test(text);
  } catch {
    return false;
  }
}

function equals(found: JsonValue | undefined, wanted: unknown): boolean {
  if (wanted === null) return found === undefined;
  if (typeof wanted === "number") return toNumber(found) === wanted;
  return isScalar(found) && found === wanted;
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

/** Lua's `tonumber`, as far as decimal and hexadecimal numbers go. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (/^[+-]?0x[0-9a-f]+$/i.test(text)) {
    return Number(text.replace(/^[+-]/, "")) * (text.startsWith("-") ? -1 : 1);
  }
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
