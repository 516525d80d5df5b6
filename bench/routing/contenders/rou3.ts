import { addRoute, createRouter, findRoute } from "rou3";
import type { BuiltRouter, RouterInput } from "../contender.ts";
import { type Candidate, candidateLists, firstThatHolds, Hosted } from "../hosted.ts";
import type { TableRoute } from "../route-table.ts";

export function build({ table }: RouterInput): BuiltRouter {
  return new Hosted(table, (routes) => {
    const router = routerOf(routes);
    return (method, path, values) => {
      const found = findRoute(router, method, path);
      return found === undefined ? undefined : firstThatHolds(found.data, values);
    };
  });
}

export function routerOf(routes: readonly TableRoute[]) {
  const router = createRouter<readonly Candidate[]>();
  for (const { method, path, candidates } of candidateLists(routes)) {
    addRoute(router, method, path, candidates);
  }
  return router;
}
