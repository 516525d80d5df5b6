import type { Expression } from "./parse.ts";

/** Variables that any request has an answer for, if only that it has none. */
const ALWAYS_THERE = /^(arg|cookie|http)_\w*$/;
const CAN_FAIL: ReadonlySet<string> = new Set(["~~", "~*", "ipmatch"]);

/**
 * Whether evaluating the expression neither throws nor asks for the request's body, whatever is asked:
 * then it makes no difference whether it is evaluated.
 */
export function cannotFail(expression: Expression): boolean {
  switch (expression.is) {
    case "always":
      return true;
    case "comparison":
      return ALWAYS_THERE.test(expression.variable) && !CAN_FAIL.has(expression.operator);
    case "all":
    case "any":
      return expression.of.every(cannotFail);
  }
}
