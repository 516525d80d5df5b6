import { checkExpression, type ExpressionProblem } from "../expression/check.ts";
import { ExpressionError, parseExpression } from "../expression/parse.ts";
import { IpRangeError, parseIpRanges } from "../routing/ip-ranges.ts";
import type { Route } from "./route.ts";
import type { Refusal } from "./upstream-support.ts";

/** What of `vars`, `remote_addr` and `remote_addrs` the schema cannot say. */
type Conditions = Pick<Route, "vars" | "remote_addr" | "remote_addrs">;

/** What APISIX, too, would not take. */
export interface ConditionFault {
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

export function conditionFault(route: Conditions): ConditionFault | undefined {
  return addressFault(route) ?? varsFault(route.vars);
}

/** A condition that no edge can evaluate. Such a route must never match. */
export function varsRefusal(route: Pick<Route, "vars">): Refusal | undefined {
  const problem = problemsOf(route.vars).find(({ is }) => is === "unsupported");
  if (problem?.is !== "unsupported") return undefined;
  return {
    path: `vars${problem.path}`,
    reason: `${problem.construct}, which no edge can evaluate; the route never matches`,
    remedy: "write the condition in another way, or serve the route with APISIX itself",
  };
}

/** Regular expressions that are none. */
export function patternsThatMatchNothing(route: Pick<Route, "vars">): readonly Refusal[] {
  return problemsOf(route.vars).flatMap((problem) => {
    if (problem.is !== "matches nothing") return [];
    return [
      {
        path: `vars${problem.path}`,
        reason: `it is no regular expression (${problem.why}) and is found nowhere, as in APISIX`,
        remedy: "correct it",
      },
    ];
  });
}

function varsFault(vars: Route["vars"]): ConditionFault | undefined {
  try {
    const problem =
      vars && checkExpression(parseExpression(vars)).find(({ is }) => is === "refused");
    if (problem?.is !== "refused") return undefined;
    return { path: `vars${problem.path}`, found: problem.found, wanted: problem.wanted };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { path: `vars${error.path}`, found: error.found, wanted: error.wanted };
  }
}

function problemsOf(vars: Route["vars"]): readonly ExpressionProblem[] {
  return vars === undefined ? [] : checkExpression(parseExpression(vars));
}

function addressFault({ remote_addr, remote_addrs }: Conditions): ConditionFault | undefined {
  try {
    parseIpRanges(remote_addrs ?? (remote_addr === undefined ? [] : [remote_addr]));
    return undefined;
  } catch (error) {
    if (!(error instanceof IpRangeError)) throw error;
    const index = remote_addrs?.indexOf(error.entry);
    return {
      path: index === undefined ? "remote_addr" : `remote_addrs[${index}]`,
      found: JSON.stringify(error.entry),
      wanted: "an IPv4 or IPv6 address, or a network such as 10.0.0.0/8",
    };
  }
}
