import { JsonPathError, parseJsonPath } from "./json-path.ts";
import type { Comparison, Expression } from "./parse.ts";
import { judgePcre } from "./pcre-verdict.ts";

/** What is wrong with a comparison that evaluating it would not tell, or only later. */
export type ExpressionProblem =
  /** APISIX refuses the whole. */
  | {
      readonly is: "refused";
      readonly path: string;
      readonly found: string;
      readonly wanted: string;
    }
  /** JavaScript cannot do it; evaluating throws `ExpressionFault`, or the variable is never there. */
  | { readonly is: "unsupported"; readonly path: string; readonly construct: string }
  /** No regular expression: it is found nowhere, in APISIX as well. */
  | { readonly is: "matches nothing"; readonly path: string; readonly why: string };

/** In the order of the comparisons. Compiles regular expressions, so it is not for the edge. */
export function checkExpression(expression: Expression): readonly ExpressionProblem[] {
  switch (expression.is) {
    case "always":
      return [];
    case "comparison":
      return [...checkVariable(expression), ...checkPattern(expression)];
    default:
      return expression.of.flatMap(checkExpression);
  }
}

const BODY_PATH = "post_arg.";

function checkVariable({ variable, path }: Comparison): ExpressionProblem[] {
  if (!variable.startsWith(BODY_PATH)) return [];
  const at = `${path}[0]`;
  const found = JSON.stringify(variable);
  const bodyPath = variable.slice(BODY_PATH.length);
  // APISIX refuses them too: its reader of such paths wants more.
  if (bodyPath.length === 1) {
    const wanted = `a name of two letters or more after ${BODY_PATH}`;
    return [{ is: "refused", path: at, found, wanted }];
  }
  try {
    parseJsonPath(bodyPath);
    return [];
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    if (error.is === "filter") return [{ is: "unsupported", path: at, construct: error.message }];
    return [{ is: "refused", path: at, found, wanted: `a JSONPath after ${BODY_PATH}` }];
  }
}

function checkPattern(comparison: Comparison): ExpressionProblem[] {
  if (comparison.operator !== "~~" && comparison.operator !== "~*") return [];
  const path = `${comparison.path}[${comparison.negated ? 3 : 2}]`;
  if (comparison.pattern === undefined) return [];
  const verdict = judgePcre(comparison.pattern.text, comparison.pattern);
  switch (verdict.is) {
    case "fine":
      return [];
    case "wrong":
      return [{ is: "matches nothing", path, why: verdict.why }];
    case "unsupported":
      return [{ is: "unsupported", path, construct: verdict.construct }];
  }
}
