import findMyWay from "find-my-way";
import type { BuiltRouter, RouterInput } from "../contender.ts";
import { type Candidate, candidateLists, firstThatHolds, Hosted } from "../hosted.ts";
import type { TableRoute } from "../route-table.ts";

export function build({ table }: RouterInput): BuiltRouter {
  return new Hosted(table, (routes) => hostRouter(routerOf(routes)));
}

type Router = ReturnType<typeof findMyWay>;

export function routerOf(routes: readonly TableRoute[]): Router {
  const router = findMyWay({ maxParamLength: 1000 });
  for (const { method, path, candidates } of candidateLists(routes)) {
    router.on(method as "GET", path, noHandler, candidates);
  }
  return router;
}

export function hostRouter(router: Router) {
  return (method: string, path: string, values: Readonly<Record<string, string>>) => {
    const found = router.find(method as "GET", path);
    return found === null ? undefined : firstThatHolds(found.store as Candidate[], values);
  };
}

/** Only `find` is asked, never to handle anything. */
function noHandler(): void {}
