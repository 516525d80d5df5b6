import type { Resource } from "../../shared/resources/resource.ts";
import { unmatchable } from "../../shared/resources/route-support.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import type { ResourceTable } from "../resource-table.ts";

/**
 * A route as the index takes it. Its own hosts win over its service's. Undefined for one that never
 * matches: disabled, or with a condition that the edge cannot evaluate.
 */
export function indexedRoute(
  route: Resource<"routes">,
  services: Pick<ResourceTable, "get">,
): IndexedRoute | undefined {
  const { value } = route;
  return value.status === 0 || unmatchable(value) ? undefined : routeAsWritten(route, services);
}

/** The same, whether or not it ever matches. */
export function routeAsWritten(
  { id, value }: Resource<"routes">,
  services: Pick<ResourceTable, "get">,
): IndexedRoute {
  const own = value.hosts ?? (value.host === undefined ? undefined : [value.host]);
  const addr = value.remote_addr === undefined ? [] : [value.remote_addr];
  return {
    id,
    uris: value.uris ?? [value.uri as string],
    hosts: own ?? serviceHosts(value, services),
    methods: value.methods ?? [],
    priority: value.priority,
    remoteAddrs: value.remote_addrs ?? addr,
    vars: value.vars,
  };
}

function serviceHosts(
  route: Resource<"routes">["value"],
  services: Pick<ResourceTable, "get">,
): readonly string[] {
  if (route.service_id === undefined) return [];
  const service = services.get(`services/${route.service_id}`) as Resource<"services"> | undefined;
  return service?.value.hosts ?? [];
}
