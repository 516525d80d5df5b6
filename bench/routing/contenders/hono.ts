import { METHOD_NAME_ALL, type Result, type Router } from "hono/router";
import { type Candidate, candidateOf, holds } from "../hosted.ts";
import type { TableRoute } from "../route-table.ts";

/** Hono's routers keep an order of their own: they find all that match, in the order of entering. */
export function enter(router: Router<Candidate>, routes: readonly TableRoute[]): void {
  for (const route of routes) {
    const candidate = candidateOf(route);
    const methods = route.methods.length > 0 ? route.methods : [METHOD_NAME_ALL];
    for (const method of methods) router.add(method, route.uri, candidate);
  }
}

export function firstOf(
  [found]: Result<Candidate>,
  values: Readonly<Record<string, string>>,
): string | undefined {
  for (const [candidate] of found) if (holds(candidate, values)) return candidate.id;
  return undefined;
}
