import type { Route } from "./route.ts";
import { varsRefusal } from "./route-conditions.ts";
import type { Refusal } from "./upstream-support.ts";

/**
 * Why the edge cannot tell whether this route matches a request. Such a route is left out of the route
 * index: it never matches. Undefined: it is matched as APISIX does.
 */
export function unmatchable(route: Route): Refusal | undefined {
  if (route.filter_func !== undefined) {
    return {
      path: "filter_func",
      reason: "it is a Lua function, which a Worker cannot run; the route never matches",
      remedy: "express the condition with vars, or serve the route with APISIX itself",
    };
  }
  return varsRefusal(route);
}

/** `script` runs Lua in place of plugins; a request must not go on without it. */
export function scriptRefusal(value: {
  readonly script?: string | undefined;
  readonly script_id?: string | number | undefined;
}): Refusal | undefined {
  if (value.script === undefined && value.script_id === undefined) return undefined;
  return {
    path: value.script === undefined ? "script_id" : "script",
    reason: "it is Lua, which a Worker cannot run; requests are answered with 503",
    remedy: "write the same as a Worker in front, or serve the route with APISIX itself",
  };
}
