import type { BuiltRouter, RouterInput } from "../contender.ts";
import { Hosted } from "../hosted.ts";
import { hostRouter, routerOf } from "./find-my-way.ts";

/** Its compiler mode: every method's tree as generated JavaScript. */
export function build({ table }: RouterInput): BuiltRouter {
  return new Hosted(table, (routes) => hostRouter(routerOf(routes).compile()));
}
