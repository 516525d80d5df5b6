import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import { mergeConsumer, type Plugins } from "../../shared/resources/merge.ts";
import {
  type FoundUpstream,
  pluginRefusal,
  type RefusedRequests,
  type Resources,
  reachable,
  refusedBy,
  resolveRoute,
  upstreamOfId,
} from "../../shared/resources/resolve-route.ts";
import type { Timeout } from "../../shared/resources/upstream.ts";
import type { BalancerPool } from "../balancer/balancer-pool.ts";
import { GatewayError } from "../errors.ts";
import type { Chain } from "../plugins/chain.ts";
import type { ChainSite, ChainSource } from "../plugins/chain-source.ts";
import { ConfigurationRefused } from "../plugins/plugin.ts";
import type { RouteFacts } from "../plugins/route-facts.ts";
import { NO_UPSTREAM_BINDINGS, type UpstreamBindings } from "../upstream/upstream-bindings.ts";
import type { Destination } from "./destination.ts";

/** A route after everything it inherits has been merged in, or how its requests are answered instead. */
export type Plan = ServedRoute | RefusedRoute;

export interface ServedRoute {
  readonly is: "served";
  readonly routeId: string;
  readonly facts: RouteFacts;
  /** The merged ones, as configured. */
  readonly plugins: Plugins;
  readonly definedBy: (plugin: string) => string;
  /** The same, ready to run. */
  readonly chain: Chain;
  /** Or the answer of those requests that the plugins let pass. */
  readonly destination: Destination | GatewayError;
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
  readonly chains: ChainSource;
  /** Absent: there are none. */
  readonly bindings?: UpstreamBindings | undefined;
}

/** The route with all that it inherits, what runs for it, and where its requests go. */
export async function planRoute(
  routeId: string,
  resources: Resources,
  deps: PlanDeps,
): Promise<Plan> {
  const { bindings = NO_UPSTREAM_BINDINGS } = deps;
  const resolved = await resolveRoute(routeId, resources, bindings);
  if (resolved.is === "refused") return { is: "refused", routeId, error: refusedError(resolved) };
  const { merged, definedBy, destination, serviceName } = resolved;
  const { plugins, name, labels, service_id: serviceId } = merged;
  try {
    return {
      is: "served",
      routeId,
      facts: { id: routeId, name, serviceId: textOf(serviceId), serviceName, labels },
      plugins,
      definedBy,
      chain: await deps.chains.build(plugins, chainSite(definedBy, resources, deps)),
      destination: destinationOf(destination, deps),
      timeout: merged.timeout,
      enableWebsocket: merged.enable_websocket ?? false,
    };
  } catch (error) {
    const refusal = configurationError(`route ${routeId}`, error);
    if (!(refusal instanceof GatewayError)) throw error;
    return { is: "refused", routeId, error: refusal };
  }
}

/** What runs for a route's requests once they are a consumer's. Throws the answer where it cannot. */
export async function chainOfConsumer(
  route: ServedRoute,
  username: string,
  resources: Resources,
  deps: PlanDeps,
): Promise<Chain> {
  const { plugins, definedBy } = await pluginsOfConsumer(route, username, resources);
  const running = withoutProofs(plugins, route.plugins);
  const refusal = pluginRefusal(running);
  if (refusal) throw refusedError(refusedBy(`consumer ${username}`, refusal));
  try {
    return await deps.chains.build(running, chainSite(definedBy, resources, deps), route.chain);
  } catch (error) {
    throw configurationError(`consumer ${username}`, error);
  }
}

/** The route's plugins with those of a consumer. Throws the answer where its group is missing. */
export async function pluginsOfConsumer(
  route: Pick<ServedRoute, "plugins" | "definedBy">,
  username: string,
  resources: Resources,
): Promise<Pick<ServedRoute, "plugins" | "definedBy">> {
  const consumer = (await resources.resource("consumers", username))?.value;
  if (!consumer) {
    throw new GatewayError("gateway", 500, `the snapshot has no consumer ${username}`);
  }
  const { group_id: groupId } = consumer;
  const group =
    groupId === undefined
      ? undefined
      : (await resources.resource("consumer_groups", String(groupId)))?.value;
  if (groupId !== undefined && !group) {
    throw new GatewayError("gateway", 503, `no consumer_group ${groupId}`);
  }
  return {
    plugins: mergeConsumer(route.plugins, group, consumer),
    definedBy: (plugin) => {
      if (Object.hasOwn(consumer.plugins ?? {}, plugin)) return `consumers/${username}`;
      if (Object.hasOwn(group?.plugins ?? {}, plugin)) return `consumer_groups/${groupId}`;
      return route.definedBy(plugin);
    },
  };
}

const PROVING: ReadonlySet<string> = new Set(
  HTTP_PLUGINS.flatMap(({ name, auth }) => (auth ? [name] : [])),
);

/** What a consumer says of an authentication plugin proves who it is; it is nothing to run. */
function withoutProofs(merged: Plugins, own: Plugins): Plugins {
  const running = Object.entries(merged).filter(
    ([name, configuration]) => !PROVING.has(name) || own[name] === configuration,
  );
  return Object.fromEntries(running);
}

/** What the plugins of a chain may ask for while it is built. */
export function chainSite(
  definedBy: (plugin: string) => string,
  resources: Resources,
  deps: PlanDeps,
): ChainSite {
  const { bindings = NO_UPSTREAM_BINDINGS } = deps;
  return {
    definedBy,
    resources,
    upstreamById: async (id) => {
      if (!(await resources.resource("upstreams", id))) return undefined;
      return destinationOf(await upstreamOfId(id, resources, bindings), deps);
    },
    inlineUpstream: (key, upstream) => destinationOf(reachable(key, upstream, bindings), deps),
  };
}

function destinationOf(
  found: FoundUpstream | RefusedRequests,
  { balancers, bindings = NO_UPSTREAM_BINDINGS }: PlanDeps,
): Destination | GatewayError {
  if (found.is === "refused") return refusedError(found);
  const { upstream, upstreamKey } = found;
  const { balancer, health } = balancers.stateOf(upstreamKey, upstream);
  return { upstream, balancer, health, binding: bindings.of(upstreamKey, upstream) };
}

export function refusedError({ status, reason, isTold }: RefusedRequests): GatewayError {
  return new GatewayError("gateway", status, reason, isTold ? { errorMsg: reason } : {});
}

/** A plugin that cannot be built must not be left out (invariant 8). */
export function configurationError(what: string, error: unknown): unknown {
  if (!(error instanceof ConfigurationRefused)) return error;
  const { message: reason, plugin } = error;
  const remedy = "correct it, or set _meta.disable";
  return refusedError(refusedBy(what, { path: `plugins.${plugin}`, reason, remedy }));
}

function textOf(id: string | number | undefined): string | undefined {
  return id === undefined ? undefined : String(id);
}
