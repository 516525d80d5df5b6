import { refusedPlugin } from "../../shared/plugins/support.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import { scriptRefusal } from "../../shared/resources/route-support.ts";
import type { Timeout, Upstream } from "../../shared/resources/upstream.ts";
import { type Refusal, upstreamRefusal } from "../../shared/resources/upstream-support.ts";
import type { Balancer } from "../balancer/balancer.ts";
import type { BalancerPool } from "../balancer/balancer-pool.ts";
import { GatewayError } from "../errors.ts";
import { type MergedRoute, mergeConsumer, mergeRoute, type Plugins } from "./merge.ts";

/** A route after everything it inherits has been merged in, or how its requests are answered instead. */
export type Plan = ServedRoute | RefusedRoute;

export interface ServedRoute {
  readonly is: "served";
  readonly routeId: string;
  /** The merged ones, in no order. */
  readonly plugins: Plugins;
  readonly upstream: Upstream;
  readonly balancer: Balancer;
  readonly timeout: Timeout | undefined;
  readonly enableWebsocket: boolean;
}

export interface RefusedRoute {
  readonly is: "refused";
  readonly routeId: string;
  readonly error: GatewayError;
}

/** As much of a snapshot as merging needs. */
export interface Resources {
  resource<K extends KindName>(kind: K, id: string): Promise<Resource<K> | undefined>;
}

/** The route with all that it inherits, and where its requests go. */
export async function planRoute(
  routeId: string,
  resources: Resources,
  balancers: BalancerPool,
): Promise<Plan> {
  const refused = (error: GatewayError): RefusedRoute => ({ is: "refused", routeId, error });
  const route = (await resources.resource("routes", routeId))?.value;
  if (!route) return refused(gateway(500, `the snapshot has no route ${routeId}`));
  const { plugin_config_id: configId, service_id: serviceId } = route;
  const config = configId === undefined ? undefined : await find("plugin_configs", configId);
  if (configId !== undefined && !config)
    return refused(gateway(503, `no plugin_config ${configId}`));
  const service = serviceId === undefined ? undefined : await find("services", serviceId);
  if (serviceId !== undefined && !service) return refused(gateway(404, `no service ${serviceId}`));
  const merged = mergeRoute(route, config, service);
  const refusal =
    scriptRefusal({ ...merged, script_id: route.script_id }) ?? pluginRefusal(merged.plugins);
  if (refusal) return refused(refusedError(`route ${routeId}`, refusal));
  const found = await findUpstream(merged, route.upstream !== undefined, resources);
  if (found instanceof GatewayError) return refused(found);
  const upstreamRefused = upstreamRefusal(found.upstream);
  if (upstreamRefused) return refused(refusedError(found.key, upstreamRefused));
  return {
    is: "served",
    routeId,
    plugins: merged.plugins,
    upstream: found.upstream,
    balancer: balancers.balancerOf(found.key, found.upstream),
    timeout: merged.timeout,
    enableWebsocket: merged.enable_websocket ?? false,
  };

  async function find<K extends KindName>(kind: K, id: string | number) {
    return (await resources.resource(kind, String(id)))?.value;
  }
}

/** The route's plugins with those of a consumer. Throws the answer where its group is missing. */
export async function pluginsOfConsumer(
  route: ServedRoute,
  username: string,
  resources: Resources,
): Promise<Plugins> {
  const consumer = (await resources.resource("consumers", username))?.value;
  if (!consumer) throw gateway(500, `the snapshot has no consumer ${username}`);
  const { group_id: groupId } = consumer;
  if (groupId === undefined) return mergeConsumer(route.plugins, undefined, consumer);
  const group = (await resources.resource("consumer_groups", String(groupId)))?.value;
  if (!group) throw gateway(503, `no consumer_group ${groupId}`);
  return mergeConsumer(route.plugins, group, consumer);
}

/** A request must not pass without its guard (invariant 8). */
export function refusedError(what: string, { path, reason, remedy }: Refusal): GatewayError {
  const errorMsg = `${what} is not served: ${path}: ${reason}; ${remedy}`;
  return new GatewayError("gateway", 503, errorMsg, { errorMsg });
}

/** The first of `plugins` that the edge must not leave out. */
export function pluginRefusal(plugins: Plugins | undefined): Refusal | undefined {
  const refused = refusedPlugin(plugins);
  return refused && { path: `plugins.${refused.name}`, ...refused.support };
}

async function findUpstream(
  { id, service_id: serviceId, upstream, upstream_id: upstreamId }: MergedRoute,
  isOwn: boolean,
  resources: Resources,
): Promise<{ readonly key: string; readonly upstream: Upstream } | GatewayError> {
  if (upstreamId !== undefined) {
    const found = await resources.resource("upstreams", String(upstreamId));
    return found
      ? { key: found.key, upstream: found.value }
      : gateway(502, `no upstream ${upstreamId}`);
  }
  if (!upstream) return gateway(503, "neither the route nor its service has an upstream");
  return { key: isOwn ? `routes/${id}` : `services/${serviceId}`, upstream };
}

function gateway(status: number, reason: string): GatewayError {
  return new GatewayError("gateway", status, reason);
}
