import type { Values } from "./resource.ts";

/**
 * APISIX's rules of what a request's route takes from other resources. Plugins are taken whole, by name:
 * consumer over consumer group over route over plugin_config over service. A plugin that is switched off
 * (`_meta.disable`) still stands over one further down; that is how to switch an inherited one off.
 */

/** Configurations of plugins, by name. */
export type Plugins = NonNullable<Values["plugin_configs"]["plugins"]>;

type Inherited =
  | "plugins"
  | "upstream"
  | "upstream_id"
  | "script"
  | "name"
  | "labels"
  | "host"
  | "hosts"
  | "timeout"
  | "enable_websocket"
  | "service_id";

/** A route as its requests see it: what it says of matching is not part of it any more. */
export type MergedRoute = { readonly id: string; readonly plugins: Plugins } & Partial<
  Pick<Values["routes"], Inherited>
>;

/** The route over its plugin_config over its service, field by field. */
export function mergeRoute(
  route: Values["routes"],
  pluginConfig: Values["plugin_configs"] | undefined,
  service: Values["services"] | undefined,
): MergedRoute {
  const hosts = route.hosts ?? service?.hosts;
  const script = route.script ?? service?.script;
  const labels = route.labels ?? service?.labels;
  const websocket = route.enable_websocket ?? service?.enable_websocket;
  return {
    id: route.id,
    plugins: { ...service?.plugins, ...pluginConfig?.plugins, ...route.plugins },
    ...upstreamOf(route, service),
    ...(route.service_id === undefined ? {} : { service_id: route.service_id }),
    ...(script === undefined ? {} : { script }),
    // A service's name is not its routes'.
    ...(route.name === undefined ? {} : { name: route.name }),
    ...(labels === undefined ? {} : { labels }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(hosts !== undefined || route.host === undefined ? {} : { host: route.host }),
    ...(route.timeout === undefined ? {} : { timeout: route.timeout }),
    ...(websocket === undefined ? {} : { enable_websocket: websocket }),
  };
}

/** In one object an id wins over an inline upstream; the route's own, either way, wins over its service's. */
function upstreamOf(
  route: Values["routes"],
  service: Values["services"] | undefined,
): Pick<MergedRoute, "upstream" | "upstream_id"> {
  if (route.upstream_id !== undefined) return { upstream_id: route.upstream_id };
  if (route.upstream) return { upstream: route.upstream };
  if (service?.upstream_id !== undefined) return { upstream_id: service.upstream_id };
  return service?.upstream ? { upstream: service.upstream } : {};
}

/** Which resource each of the merged plugins is from, as its key below the prefix. */
export function pluginOrigins(
  route: Values["routes"],
  pluginConfig: Values["plugin_configs"] | undefined,
  service: Values["services"] | undefined,
): (plugin: string) => string {
  return (plugin) => {
    if (has(route.plugins, plugin)) return `routes/${route.id}`;
    if (has(pluginConfig?.plugins, plugin)) return `plugin_configs/${route.plugin_config_id}`;
    return `services/${service?.id ?? route.service_id}`;
  };
}

function has(plugins: Plugins | undefined, name: string): boolean {
  return plugins !== undefined && Object.hasOwn(plugins, name);
}

/** The plugins of a route for the requests of one consumer. */
export function mergeConsumer(
  route: Plugins,
  group: Values["consumer_groups"] | undefined,
  consumer: Pick<Values["consumers"], "plugins">,
): Plugins {
  return { ...route, ...group?.plugins, ...consumer.plugins };
}

/** All global rules as one set of plugins, which runs beside that of the route. */
export interface MergedGlobalRules {
  readonly plugins: Plugins;
  /** Plugins that several rules have: as in APISIX, none of them runs. */
  readonly conflicts: readonly string[];
}

export function mergeGlobalRules(rules: readonly Values["global_rules"][]): MergedGlobalRules {
  const plugins = new Map<string, Plugins[string]>();
  const conflicts = new Set<string>();
  for (const rule of rules) {
    for (const [name, configuration] of Object.entries(rule.plugins)) {
      if (plugins.has(name)) conflicts.add(name);
      plugins.set(name, configuration);
    }
  }
  for (const name of conflicts) plugins.delete(name);
  return { plugins: Object.fromEntries(plugins), conflicts: [...conflicts] };
}
