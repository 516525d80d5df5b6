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

function pathFault(rest: string): string | undefined {
  const whole = `$.${rest}`;
  const wrong = (near: string) => `invalid expression "${whole}" near "${near}"`;
  if (rest === "") return wrong(".");
  try {
    // `$..b` looks for b at any depth.
    parseJsonPath(rest.startsWith(".") ? `.${rest}` : rest);
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    if (error.is === "filter") return undefined;
    const offset = Number(/ at (\d+)$/.exec(error.message)?.[1] ?? 0);
    return wrong(rest.slice(offset));
  }
}
