import { indexedRoutes } from "../../exporter/compile/indexed-routes.ts";
import type { JsonValue, Variables } from "../../shared/expression/variables.ts";
import { buildRouteIndex } from "../../shared/routing/build-index.ts";
import { openRouteIndex } from "../../shared/routing/open-index.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import type { RoutingResources, TriedRequest } from "./naive-matcher.ts";
import { ResourceWorld } from "./resource-world.ts";

/** What was found for a request; undefined: nothing. */
export interface FoundRoute {
  readonly routeId: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly params: Readonly<Record<string, string>>;
}

/** Resources as the exporter validates and compiles them, matched as the edge does. */
export interface RoutingWorld {
  match(request: TriedRequest): FoundRoute | undefined;
}

/** The one place where tests of matching meet the index. Throws where a resource is rejected. */
export function openRoutingWorld(router: RouterName, resources: RoutingResources): RoutingWorld {
  const world = new ResourceWorld();
  const { routes, services = {} } = resources;
  const keyed = (kind: string, values: Readonly<Record<string, object>>) =>
    Object.entries(values).map(([id, value]) => [`${kind}/${id}`, withUpstream(value)]);
  world.put(Object.fromEntries([...keyed("services", services), ...keyed("routes", routes)]));
  const [rejection] = world.table.rejections();
  if (rejection) throw new Error(`a test's resource is rejected: ${JSON.stringify(rejection)}`);
  const index = openRouteIndex(buildRouteIndex(router, indexedRoutes(world.table)), "chunks/test");
  return { match: (request) => index.match(request) };
}

/** A route must lead somewhere to be valid. */
function withUpstream(value: object): object {
  return { upstream: { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } }, ...value };
}

/** The variables of a request that has just these. */
export function variablesOf(values: Readonly<Record<string, JsonValue>>): Variables {
  return { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) };
}
