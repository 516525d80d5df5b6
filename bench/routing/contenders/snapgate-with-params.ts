import type { BuiltRouter, RouterInput } from "../contender.ts";
import { openIndex } from "./snapgate.ts";

/** As `snapgate.ts`, but asks every match for its parameters, which no peer can leave out. */
export function build(input: RouterInput): BuiltRouter {
  const find = openIndex(input);
  let params: unknown;
  return {
    match: (method, host, path, values) => {
      const found = find(method, host, path, values);
      params = found?.params;
      return params === undefined ? undefined : found?.routeId;
    },
  };
}
