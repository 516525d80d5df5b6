import { mergeConsumer, type Plugins } from "../../shared/resources/merge.ts";
import {
  type RefusedRequests,
  type Resources,
  resolveRoute,
} from "../../shared/resources/resolve-route.ts";
import type { Timeout, Upstream } from "../../shared/resources/upstream.ts";
import type { BalancerPool, UpstreamState } from "../balancer/balancer-pool.ts";
import { GatewayError } from "../errors.ts";
import {
  NO_UPSTREAM_BINDINGS,
  type UpstreamBinding,
  type UpstreamBindings,
} from "../upstream/upstream-bindings.ts";

/** A route after everything it inherits has been merged in, or how its requests are answered instead. */
export type Plan = ServedRoute | RefusedRoute;

export interface ServedRoute extends UpstreamState {
  readonly is: "served";
  readonly routeId: string;
  /** The merged ones, in no order. */
  readonly plugins: Plugins;
  readonly upstream: Upstream;
  /** Carries its requests in place of `fetch` and sockets. */
  readonly binding: UpstreamBinding | undefined;
  readonly timeout: Timeout | undefined;
  readonly enableWebsocket: boolean;
}

export interface RefusedRoute {
  readonly is: "refused";
  readonly routeId: string;
  readonly error: GatewayError;
}

export interface PlanDeps {
  readonly balancers: BalancerPool;
  /** Absent: there are none. */
  readonly bindings?: UpstreamBindings | undefined;
}

/** The route with all that it inherits, and where its requests go. */
export async function planRoute(
  routeId: string,
  resources: Resources,
  { balancers, bindings = NO_UPSTREAM_BINDINGS }: PlanDeps,
): Promise<Plan> {
  const resolved = await resolveRoute(routeId, resources, bindings);
  if (resolved.is === "refused") return { is: "refused", routeId, error: refusedError(resolved) };
  const { merged, upstream, upstreamKey } = resolved;
  const { balancer, health } = balancers.stateOf(upstreamKey, upstream);
  return {
    is: "served",
    routeId,
    plugins: merged.plugins,
    upstream,
    balancer,
    health,
    binding: bindings.of(upstreamKey, upstream),
    timeout: merged.timeout,
    enableWebsocket: merged.enable_websocket ?? false,
  };
}

/** The route's plugins with those of a consumer. Throws the answer where its group is missing. */
export async function pluginsOfConsumer(
  route: ServedRoute,
  username: string,
  resources: Resources,
): Promise<Plugins> {
  const consumer = (await resources.resource("consumers", username))?.value;
  if (!consumer) {
    throw new GatewayError("gateway", 500, `the snapshot has no consumer ${username}`);
  }
  const { group_id: groupId } = consumer;
  if (groupId === undefined) return mergeConsumer(route.plugins, undefined, consumer);
  const group = (await resources.resource("consumer_groups", String(groupId)))?.value;
  if (!group) throw new GatewayError("gateway", 503, `no consumer_group ${groupId}`);
  return mergeConsumer(route.plugins, group, consumer);
}

export function refusedError({ status, reason, isTold }: RefusedRequests): GatewayError {
  return new GatewayError("gateway", status, reason, isTold ? { errorMsg: reason } : {});
}
