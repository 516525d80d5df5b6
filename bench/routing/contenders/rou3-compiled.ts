import { compileRouter } from "rou3/compiler";
import type { BuiltRouter, RouterInput } from "../contender.ts";
import { firstThatHolds, Hosted } from "../hosted.ts";
import { routerOf } from "./rou3.ts";

/** Its compiler: a host's routes as one generated function. */
export function build({ table }: RouterInput): BuiltRouter {
  return new Hosted(table, (routes) => {
    const find = compileRouter(routerOf(routes));
    return (method, path, values) => {
      const found = find(method, path);
      return found === undefined ? undefined : firstThatHolds(found.data, values);
    };
  });
}
