import { HTTP_PLUGINS, type PluginSupport } from "./catalogue.ts";

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
  reason: "APISIX has no plugin of this name, and ignores it too",
  remedy: "correct the name or take it out",
};

/** Every enabled plugin of `plugins` that the edge refuses or ignores, in the map's order. */
export function unservedPlugins(plugins: PluginMap | undefined): readonly UnservedPlugin[] {
  if (!plugins) return [];
  return Object.entries(plugins).flatMap(([name, configuration]) => {
    if (isDisabled(configuration)) return [];
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
  const meta = configuration._meta;
  return typeof meta === "object" && meta !== null && "disable" in meta && meta.disable === true;
}
