import { ExpressionError, parseExpression } from "../../shared/expression/parse.ts";
import { faultAt, faultOf, type ValueFault } from "../../shared/json-schema/value-fault.ts";
import { expressionFault } from "./expression-fault.ts";

/** What is wrong with a condition, where lua-resty-expr refuses it; `before` goes before its words. */
export function conditionFault(value: unknown, before = ""): ValueFault | undefined {
  const said = expressionFault(value);
  if (said === undefined) return undefined;
  const words = before + said;
  try {
    parseExpression(value);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const way = Array.from(error.path.matchAll(/\d+/g), ([index]) => Number(index));
    return faultAt(way, faultOf(memberAt(value, way), error.wanted, words));
  }
  return faultOf(value, "a condition", words);
}

function memberAt(value: unknown, way: readonly number[]): unknown {
  return way.reduce<unknown>(
    (inner, index) => (Array.isArray(inner) ? inner[index] : undefined),
    value,
  );
}
