import type { RouterName } from "../../shared/snapshot/format.ts";
import { naiveMatcher, type RouteValue } from "../../test/support/naive-matcher.ts";
import { variablesOf } from "../../test/support/routing-world.ts";
import { makeRequests, type StreamKind } from "./requests.ts";
import { makeTable, ROUTERS } from "./route-table.ts";
import type { TableSpec } from "./stand.ts";

/**
 * The right ids, found by trying every route in the plainest way, which shares no code with the index:
 * what our answers are held against. For small tables only.
 */
export function trueAnswers(
  { kind, size, seed, requests }: TableSpec,
  stream: StreamKind,
  count: number,
): readonly (string | null)[] {
  const table = makeTable(kind, size, seed);
  const router: RouterName = ROUTERS[kind];
  const routes = Object.fromEntries(
    table.map(({ id, uri, hosts, methods, priority, vars }): [string, RouteValue] => [
      id,
      { uri, methods, priority, vars, ...(hosts.length > 0 ? { hosts } : {}) },
    ]),
  );
  const match = naiveMatcher(router, { routes });
  return makeRequests(table, stream, requests, seed + 1)
    .slice(0, count)
    .map(({ method, host, path, values }) => {
      const found = match({
        method,
        uri: path,
        host,
        hostHeader: host,
        remoteAddr: "203.0.113.7",
        variables: variablesOf(values),
      });
      return found?.routeId ?? null;
    });
}
