import { JsonPathError, parseJsonPath } from "../../../shared/expression/json-path.ts";

const BODY_VARIABLE = "post_arg.";

/**
 * The first JSONPath of a condition on the body that does not parse, in the words of lua-jsonpath. APISIX
 * cuts one letter too many off before it parses: `post_arg.n` is refused, `post_arg.nn` is not.
 */
export function bodyVariableFault(vars: unknown): string | undefined {
  if (!Array.isArray(vars)) return undefined;
  const [variable] = vars;
  if (vars.length >= 3 && typeof variable === "string" && variable.startsWith(BODY_VARIABLE)) {
    return pathFault(variable.slice(BODY_VARIABLE.length + 1));
  }
  for (const inner of vars) {
    const fault = bodyVariableFault(inner);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A step, as far as it takes to see where the first wrong one begins. */
const STEP = /\.{1,2}(?:\*|[^.[\]*'"\s()]+)|(?:\.\.)?\[[^\]]*\]/y;

function pathFault(rest: string): string | undefined {
  const steps = `.${rest}`;
  try {
    // `$..b` looks for b at any depth.
    if (rest !== "") parseJsonPath(rest.startsWith(".") ? steps : rest);
    if (rest !== "") return undefined;
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    if (error.is === "filter") return undefined;
  }
  let near = 0;
  for (STEP.lastIndex = 0; STEP.test(steps); ) near = STEP.lastIndex;
  return `invalid expression "$${steps}" near "${steps.slice(near)}"`;
}
