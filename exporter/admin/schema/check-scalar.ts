import { numberText } from "../../../shared/expression/lua-number.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { luaQuote } from "./lua-quote.ts";
import { isFound } from "./pattern.ts";

/** Length and pattern of a text. */
export function checkText(schema: JsonSchema, text: string): string | undefined {
  const { minLength, maxLength, pattern } = schema;
  if (minLength !== undefined || maxLength !== undefined) {
    const length = characterCount(text);
    if (minLength !== undefined && length < minLength) {
      return `string too short, expected at least ${minLength}, got ${length}`;
    }
    if (maxLength !== undefined && length > maxLength) {
      return `string too long, expected at most ${maxLength}, got ${length}`;
    }
  }
  if (pattern === undefined || isFound(pattern, text)) return undefined;
  return `failed to match pattern ${luaQuote(pattern)} with ${luaQuote(text)}`;
}

/** Code points: `length` counts UTF-16 units. */
function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The range of a number. */
export function checkNumber(schema: JsonSchema, value: number): string | undefined {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = schema;
  const refused = (wanted: string, limit: number) =>
    `expected ${numberText(value)} to be ${wanted} ${numberText(limit)}`;
  if (minimum !== undefined && value < minimum) return refused("at least", minimum);
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    return refused("greater than", exclusiveMinimum);
  }
  if (maximum !== undefined && value > maximum) return refused("at most", maximum);
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    return refused("smaller than", exclusiveMaximum);
  }
  // A quotient, not a remainder: 0.3 is a multiple of 0.1.
  return multipleOf !== undefined && !Number.isInteger(value / multipleOf)
    ? refused("a multiple of", multipleOf)
    : undefined;
}
