import { HTTP_PLUGINS } from "./catalogue.ts";
import type { PluginSupport } from "./reasons.ts";

/** What the edge does not do about one plugin of a plugin map. */
export interface UnservedPlugin {
  readonly name: string;
  readonly support: PluginSupport;
}

/** The plugins as configured: name to configuration. */
export type PluginMap = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const supportByName: ReadonlyMap<string, PluginSupport> = new Map(
  HTTP_PLUGINS.map(({ name, support }) => [name, support]),
);

const UNKNOWN: PluginSupport = {
  is: "ignored",
  reason:
    "APISIX has no plugin of this name, and ignores it too; only an edge that has it compiled in runs it",
  remedy: "correct the name, take it out, or compile it in (edge/plugins/README.md)",
};

const PRE_FUNCTION: PluginSupport = {
  is: "refused",
  reason: "its _meta.pre_function is Lua, which a Worker cannot run",
  remedy: "take it out, or write the same as a plugin of your own (edge/plugins/README.md)",
};

/** Every enabled plugin of `plugins` that the edge refuses or ignores, in the map's order. */
export function unservedPlugins(plugins: PluginMap | undefined): readonly UnservedPlugin[] {
  if (!plugins) return [];
  return Object.entries(plugins).flatMap(([name, configuration]) => {
    if (isDisabled(configuration)) return [];
    if (metaOf(configuration).pre_function !== undefined) return [{ name, support: PRE_FUNCTION }];
    const support = supportByName.get(name) ?? UNKNOWN;
    return support.is === "supported" ? [] : [{ name, support }];
  });
}

/** The first plugin for which a request must be answered with 503; undefined: none. */
export function refusedPlugin(plugins: PluginMap | undefined): UnservedPlugin | undefined {
  return unservedPlugins(plugins).find(({ support }) => support.is === "refused");
}

/** Only `true` disables, as in APISIX. */
export function isDisabled(configuration: Readonly<Record<string, unknown>>): boolean {
  return metaOf(configuration).disable === true;
}

interface Meta {
  readonly disable?: unknown;
  readonly pre_function?: unknown;
}

function metaOf({ _meta: meta }: Readonly<Record<string, unknown>>): Meta {
  return typeof meta === "object" && meta !== null ? meta : {};
}
