import type { Resource } from "../../shared/resources/resource.ts";
import { unmatchable } from "../../shared/resources/route-support.ts";
import type { IndexedRoute } from "../../shared/routing/route-index.ts";
import type { ResourceTable } from "../resource-table.ts";

/**
 * The routes that can be matched, as the index takes them. A route's own hosts win over its service's;
 * a disabled route, and one with a condition that the edge cannot evaluate, is not among them.
 */
export function indexedRoutes(table: ResourceTable): IndexedRoute[] {
  const routes: IndexedRoute[] = [];
  for (const { id, value } of table.ofKind("routes")) {
    if (value.status === 0 || unmatchable(value)) continue;
    routes.push({
      id,
      uris: value.uris ?? [value.uri as string],
      hosts: value.hosts ?? (value.host === undefined ? serviceHosts(table, value) : [value.host]),
      methods: value.methods ?? [],
      priority: value.priority,
    });
  }
  return routes;
}

function serviceHosts(table: ResourceTable, route: Resource<"routes">["value"]): readonly string[] {
  if (route.service_id === undefined) return [];
  const service = table.get(`services/${route.service_id}`) as Resource<"services"> | undefined;
  return service?.value.hosts ?? [];
}
