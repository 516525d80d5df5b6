import { refusedPlugin } from "../plugins/support.ts";
import { type MergedRoute, mergeRoute, type Plugins } from "./merge.ts";
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
      readonly upstream: Upstream;
      /** The key below the prefix of the resource that holds the upstream. */
      readonly upstreamKey: string;
    }
  | RefusedRequests;

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
  const found = await findUpstream(merged, route.upstream !== undefined, resources);
  if (found.is === "refused") return found;
  const upstreamRefused = upstreamRefusal(found.upstream, found.upstreamKey, reach);
  if (upstreamRefused) return refusedBy(found.upstreamKey, upstreamRefused);
  return { ...found, merged };

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
function refusedBy(what: string, { path, reason, remedy }: Refusal): RefusedRequests {
  const told = `${what} is not served: ${path}: ${reason}; ${remedy}`;
  return { is: "refused", status: 503, reason: told, isTold: true };
}

/** The first of `plugins` that the edge must not leave out. */
function pluginRefusal(plugins: Plugins): Refusal | undefined {
  const refusedOne = refusedPlugin(plugins);
  return refusedOne && { path: `plugins.${refusedOne.name}`, ...refusedOne.support };
}

interface FoundUpstream {
  readonly is: "served";
  readonly upstreamKey: string;
  readonly upstream: Upstream;
}

async function findUpstream(
  { id, service_id: serviceId, upstream, upstream_id: upstreamId }: MergedRoute,
  isOwn: boolean,
  resources: Resources,
): Promise<FoundUpstream | RefusedRequests> {
  if (upstreamId !== undefined) {
    const found = await resources.resource("upstreams", String(upstreamId));
    if (!found) return refused(502, `no upstream ${upstreamId}`);
    return { is: "served", upstreamKey: found.key, upstream: found.value };
  }
  if (!upstream) return refused(503, "neither the route nor its service has an upstream");
  const upstreamKey = isOwn ? `routes/${id}` : `services/${serviceId}`;
  return { is: "served", upstreamKey, upstream };
}

function refused(status: number, reason: string): RefusedRequests {
  return { is: "refused", status, reason, isTold: false };
}
