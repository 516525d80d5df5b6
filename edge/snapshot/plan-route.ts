import { refusedPlugin } from "../../shared/plugins/support.ts";
import type { Resource, Values } from "../../shared/resources/resource.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import { scriptRefusal } from "../../shared/resources/route-support.ts";
import type { Timeout, Upstream } from "../../shared/resources/upstream.ts";
import { type Refusal, upstreamRefusal } from "../../shared/resources/upstream-support.ts";
import type { Balancer } from "../balancer/balancer.ts";
import type { BalancerPool } from "../balancer/balancer-pool.ts";
import { GatewayError } from "../errors.ts";

/** A route after everything it inherits has been merged in, or how its requests are answered instead. */
export type Plan = ServedRoute | RefusedRoute;

export interface ServedRoute {
  readonly is: "served";
  readonly routeId: string;
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

/** APISIX's merging of plugin_config, service and route, and its order of upstreams. */
export async function planRoute(
  routeId: string,
  resources: Resources,
  balancers: BalancerPool,
): Promise<Plan> {
  const refused = (error: GatewayError): RefusedRoute => ({ is: "refused", routeId, error });
  const route = (await resources.resource("routes", routeId))?.value;
  if (!route) return refused(gateway(500, `the snapshot has no route ${routeId}`));
  let plugins = route.plugins;
  if (route.plugin_config_id !== undefined) {
    const shared = await resources.resource("plugin_configs", String(route.plugin_config_id));
    if (!shared) return refused(gateway(503, `no plugin_config ${route.plugin_config_id}`));
    plugins = { ...shared.value.plugins, ...route.plugins };
  }
  let service: Values["services"] | undefined;
  if (route.service_id !== undefined) {
    service = (await resources.resource("services", String(route.service_id)))?.value;
    if (!service) return refused(gateway(404, `no service ${route.service_id}`));
    plugins = { ...service.plugins, ...plugins };
  }
  const refusal = scriptRefusal(route) ?? scriptRefusal(service ?? {}) ?? pluginRefusal(plugins);
  if (refusal) return refused(refusedError(`route ${routeId}`, refusal));
  const found = await findUpstream(route, service, resources);
  if (found instanceof GatewayError) return refused(found);
  const upstreamRefused = upstreamRefusal(found.upstream);
  if (upstreamRefused) return refused(refusedError(found.key, upstreamRefused));
  return {
    is: "served",
    routeId,
    upstream: found.upstream,
    balancer: balancers.balancerOf(found.key, found.upstream),
    timeout: route.timeout,
    enableWebsocket: route.enable_websocket ?? service?.enable_websocket ?? false,
  };
}

/** A request must not pass without its guard (invariant 8). */
export function refusedError(what: string, { path, reason, remedy }: Refusal): GatewayError {
  const errorMsg = `${what} is not served: ${path}: ${reason}; ${remedy}`;
  return new GatewayError("gateway", 503, errorMsg, { errorMsg });
}

/** The first of `plugins` that the edge must not leave out. */
export function pluginRefusal(
  plugins: Values["plugin_configs"]["plugins"] | undefined,
): Refusal | undefined {
  const refused = refusedPlugin(plugins);
  return refused && { path: `plugins.${refused.name}`, ...refused.support };
}

/** What the route says wins over its service; in one object an id wins over an inline upstream. */
async function findUpstream(
  route: Values["routes"],
  service: Values["services"] | undefined,
  resources: Resources,
): Promise<{ readonly key: string; readonly upstream: Upstream } | GatewayError> {
  const inherited = route.upstream ? undefined : service?.upstream_id;
  const upstreamId = route.upstream_id ?? inherited;
  if (upstreamId !== undefined) {
    const found = await resources.resource("upstreams", String(upstreamId));
    return found
      ? { key: found.key, upstream: found.value }
      : gateway(502, `no upstream ${upstreamId}`);
  }
  if (route.upstream) return { key: `routes/${route.id}`, upstream: route.upstream };
  if (service?.upstream) return { key: `services/${service.id}`, upstream: service.upstream };
  return gateway(503, "neither the route nor its service has an upstream");
}

function gateway(status: number, reason: string): GatewayError {
  return new GatewayError("gateway", status, reason);
}
