import { numberText } from "../expression/lua-number.ts";
import type { JsonSchema } from "../plugins/json-schema.ts";
import { luaQuote } from "./lua-quote.ts";
import { isFound } from "./pattern.ts";
import { counted, faultOf, type ValueFault } from "./value-fault.ts";

/** Length and pattern of a text. */
export function checkText(schema: JsonSchema, text: string): ValueFault | undefined {
  const { minLength, maxLength, pattern } = schema;
  if (minLength !== undefined || maxLength !== undefined) {
    const length = characterCount(text);
    if (minLength !== undefined && length < minLength) {
      const words = `string too short, expected at least ${minLength}, got ${length}`;
      return faultOf(text, `at least ${counted(minLength, "character")}`, words);
    }
    if (maxLength !== undefined && length > maxLength) {
      const words = `string too long, expected at most ${maxLength}, got ${length}`;
      return faultOf(text, `at most ${counted(maxLength, "character")}`, words);
    }
  }
  if (pattern === undefined || isFound(pattern, text)) return undefined;
  const words = `failed to match pattern ${luaQuote(pattern)} with ${luaQuote(text)}`;
  return faultOf(text, `text that fits ${pattern}`, words);
}

/** Code points: `length` counts UTF-16 units. */
function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The range of a number. */
export function checkNumber(schema: JsonSchema, value: number): ValueFault | undefined {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = schema;
  const refused = (is: string, limit: number, wanted = is) => {
    const words = `expected ${numberText(value)} to be ${is} ${numberText(limit)}`;
    return faultOf(value, `${wanted} ${numberText(limit)}`, words);
  };
  if (minimum !== undefined && value < minimum) return refused("at least", minimum);
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    return refused("greater than", exclusiveMinimum, "more than");
  }
  if (maximum !== undefined && value > maximum) return refused("at most", maximum);
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    return refused("smaller than", exclusiveMaximum, "less than");
  }
  // A quotient, not a remainder: 0.3 is a multiple of 0.1.
  return multipleOf !== undefined && !Number.isInteger(value / multipleOf)
    ? refused("a multiple of", multipleOf)
    : undefined;
}
