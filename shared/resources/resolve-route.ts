import { refusedPlugin } from "../plugins/support.ts";
import { type MergedRoute, mergeRoute, type Plugins, pluginOrigins } from "./merge.ts";
import type { Reach } from "./reach.ts";
import type { Resource, Values } from "./resource.ts";
import type { KindName } from "./resource-key.ts";
import { scriptRefusal } from "./route-support.ts";
import type { Upstream } from "./upstream.ts";
import { type Refusal, upstreamRefusal } from "./upstream-support.ts";

/** What becomes of the requests that a route matches. */
export type ResolvedRoute =
  | {
      readonly is: "served";
      readonly merged: MergedRoute;
      /** The key below the prefix of the resource that each plugin comes from. */
      readonly definedBy: (plugin: string) => string;
      readonly serviceName: string | undefined;
      /** Where its requests go, unless a plugin answers them before. */
      readonly destination: FoundUpstream | RefusedRequests;
    }
  | RefusedRequests;

export interface FoundUpstream {
  readonly is: "upstream";
  readonly upstream: Upstream;
  /** The key below the prefix of the resource that holds the upstream. */
  readonly upstreamKey: string;
}

export interface RefusedRequests {
  readonly is: "refused";
  readonly status: number;
  readonly reason: string;
  /** Whether the client is told the reason, and not just the log. */
  readonly isTold: boolean;
}

/** As much of a snapshot as merging needs. */
export interface Resources {
  resource<K extends KindName>(kind: K, id: string): Promise<Resource<K> | undefined>;
}

/** The route with all that it inherits, and where its requests go. */
export async function resolveRoute(
  routeId: string,
  resources: Resources,
  reach: Reach,
): Promise<ResolvedRoute> {
  const route = await find("routes", routeId);
  if (!route) return refused(500, `the snapshot has no route ${routeId}`);
  const { plugin_config_id: configId, service_id: serviceId } = route;
  const config = configId === undefined ? undefined : await find("plugin_configs", configId);
  if (configId !== undefined && !config) return refused(503, `no plugin_config ${configId}`);
  const service = serviceId === undefined ? undefined : await find("services", serviceId);
  if (serviceId !== undefined && !service) return refused(404, `no service ${serviceId}`);
  const merged = mergeRoute(route, config, service);
  const refusal =
    scriptRefusal({ ...merged, script_id: route.script_id }) ?? pluginRefusal(merged.plugins);
  if (refusal) return refusedBy(`route ${routeId}`, refusal);
  return {
    is: "served",
    merged,
    definedBy: pluginOrigins(route, config, service),
    serviceName: service?.name,
    destination: await findUpstream(merged, route.upstream !== undefined, resources, reach),
  };

  async function find<K extends KindName>(kind: K, id: string | number) {
    return (await resources.resource(kind, String(id)))?.value;
  }
}

/** The answer to every request, where a global rule has a plugin that the edge must not leave out. */
export function globalRefusal(
  rules: readonly Values["global_rules"][],
): RefusedRequests | undefined {
  for (const { id, plugins } of rules) {
    const refusal = pluginRefusal(plugins);
    if (refusal) return refusedBy(`global rule ${id}`, refusal);
  }
  return undefined;
}

/** A request must not pass without its guard (invariant 8). */
export function refusedBy(what: string, { path, reason, remedy }: Refusal): RefusedRequests {
  const told = `${what} is not served: ${path}: ${reason}; ${remedy}`;
  return { is: "refused", status: 503, reason: told, isTold: true };
}

/** The first of `plugins` that the edge must not leave out. */
export function pluginRefusal(plugins: Plugins): Refusal | undefined {
  const refusedOne = refusedPlugin(plugins);
  return refusedOne && { path: `plugins.${refusedOne.name}`, ...refusedOne.support };
}

async function findUpstream(
  { id, service_id: serviceId, upstream, upstream_id: upstreamId }: MergedRoute,
  isOwn: boolean,
  resources: Resources,
  reach: Reach,
): Promise<FoundUpstream | RefusedRequests> {
  if (upstreamId !== undefined) return upstreamOfId(String(upstreamId), resources, reach);
  if (!upstream) return refused(503, "neither the route nor its service has an upstream");
  return reachable(isOwn ? `routes/${id}` : `services/${serviceId}`, upstream, reach);
}

/** The upstream of an id that a route, a service or a plugin names. */
export async function upstreamOfId(
  id: string,
  resources: Resources,
  reach: Reach,
): Promise<FoundUpstream | RefusedRequests> {
  const found = await resources.resource("upstreams", id);
  return found ? reachable(found.key, found.value, reach) : refused(502, `no upstream ${id}`);
}

/** The upstream, unless the edge cannot use it. */
export function reachable(
  upstreamKey: string,
  upstream: Upstream,
  reach: Reach,
): FoundUpstream | RefusedRequests {
  const refusal = upstreamRefusal(upstream, upstreamKey, reach);
  return refusal ? refusedBy(upstreamKey, refusal) : { is: "upstream", upstreamKey, upstream };
}

function refused(status: number, reason: string): RefusedRequests {
  return { is: "refused", status, reason, isTold: false };
}
