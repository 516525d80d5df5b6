import { ExpressionFault, evaluate } from "../../shared/expression/evaluate.ts";
import {
  type Comparison,
  type Expression,
  parseExpression,
} from "../../shared/expression/parse.ts";
import type { JsonValue, Variables } from "../../shared/expression/variables.ts";
import type { Route } from "../../shared/resources/route.ts";
import { unmatchable } from "../../shared/resources/route-support.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import { parseIpRanges } from "../../shared/routing/ip-ranges.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import type { RouteFit } from "./route-fit.ts";

/** A condition of a route that a request does not meet. */
export type Unmet =
  /** `status: 0` */
  | { readonly condition: "disabled" }
  /** No edge can evaluate it, so the route never matches. */
  | { readonly condition: "unsupported"; readonly path: string; readonly reason: string }
  | { readonly condition: "host"; readonly wanted: readonly string[]; readonly found: string }
  | { readonly condition: "path"; readonly wanted: readonly string[]; readonly found: string }
  | { readonly condition: "method"; readonly wanted: readonly string[]; readonly found: string }
  | { readonly condition: "address"; readonly wanted: readonly string[]; readonly found: string }
  | { readonly condition: "vars"; readonly comparisons: readonly Decided[] }
  /** Evaluating fails, and so does every request that comes so far: it is answered with 500. */
  | { readonly condition: "fault"; readonly path: string; readonly reason: string };

/** A comparison of `vars` that decided, and what it saw. */
export interface Decided {
  /** Its place, e.g. `vars[0]`. */
  readonly path: string;
  /** As it is written. */
  readonly comparison: unknown;
  /** Undefined: the request has no such variable. */
  readonly found: JsonValue | undefined;
  /** It holds, where a negation around it wanted that it does not. */
  readonly holds: boolean;
}

/** Everything that keeps a route from a request, in the order in which it is looked at; none: nothing. */
export function* unmetConditions(
  value: Route,
  route: IndexedRoute,
  fit: RouteFit,
  facts: Facts,
): Generator<Unmet, void> {
  if (value.status === 0) yield { condition: "disabled" };
  if (!fit.hostFits) yield { condition: "host", wanted: route.hosts, found: facts.host };
  if (!fit.pathFits) yield { condition: "path", wanted: route.uris, found: facts.uri };
  const unsupported = unmatchable(value);
  if (unsupported) {
    const { path, reason } = unsupported;
    yield { condition: "unsupported", path, reason };
  }
  const { methods, remoteAddrs, vars = [] } = route;
  if (methods.length > 0 && !methods.includes(facts.method)) {
    yield { condition: "method", wanted: methods, found: facts.method };
  }
  if (remoteAddrs.length > 0 && !parseIpRanges(remoteAddrs).has(facts.remoteAddr)) {
    yield { condition: "address", wanted: remoteAddrs, found: facts.remoteAddr };
  }
  const failed = unsupported ? undefined : unmetVars(vars, facts.variables);
  if (failed) yield failed;
}

function unmetVars(vars: readonly unknown[], variables: Variables): Unmet | undefined {
  const expression = parseExpression(vars);
  try {
    if (evaluate(expression, variables)) return undefined;
    const comparisons = deciding(expression, variables, false).map((comparison): Decided => {
      return {
        path: `vars${comparison.path}`,
        comparison: partAt(vars, comparison.path),
        found: variables.get(comparison.variable),
        holds: evaluate(comparison, variables),
      };
    });
    return { condition: "vars", comparisons };
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    return { condition: "fault", path: `vars${error.path}`, reason: error.message };
  }
}

/** The comparisons for which `expression` has come to `result`. */
function deciding(expression: Expression, variables: Variables, result: boolean): Comparison[] {
  if (expression.is === "always") return [];
  if (expression.is === "comparison") return [expression];
  const { is, negated, of } = expression;
  const inner = negated ? !result : result;
  // One rule decides an AND that fails and an OR that holds; else all of them do.
  const isByOne = inner === (is === "any");
  const decisive = isByOne ? of.find((rule) => evaluate(rule, variables) === inner) : undefined;
  return (decisive ? [decisive] : of).flatMap((rule) => deciding(rule, variables, inner));
}

/** `[0][2]` of a value; a path of an expression always leads somewhere in it. */
function partAt(value: unknown, path: string): unknown {
  let part = value;
  for (const [, index] of path.matchAll(/\[(\d+)\]/g)) {
    part = (part as readonly unknown[])[Number(index)];
  }
  return part;
}
