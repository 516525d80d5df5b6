import { HTTP_PLUGINS } from "../../../shared/plugins/catalogue.ts";
import { checkSchema } from "../schema/check-schema.ts";
import { isObject, type JsonObject } from "../schema/lua-value.ts";
import { pluginSchema, type SchemaUse, type Subsystem } from "../schema/plugin-schema.ts";
import type { EnabledPlugins } from "./enabled-plugins.ts";
import { expressionFault } from "./expression-fault.ts";
import { luaSourceFault } from "./lua-source.ts";
import { pluginRule } from "./plugins/rules.ts";

const AUTH: ReadonlySet<string> = new Set(
  HTTP_PLUGINS.flatMap(({ name, auth }) => (auth ? [name] : [])),
);

/** Whether the plugin finds a consumer. */
export function isAuthPlugin(name: string): boolean {
  return AUTH.has(name);
}

/** Where a set of plugins stands, and which there are. */
export interface PluginPlace {
  readonly subsystem: Subsystem;
  readonly use: "plugin" | "consumer";
  readonly enabled: EnabledPlugins;
}

/** The first fault of a set of plugins, in its order; fills in defaults in place. */
export function checkPlugins(plugins: JsonObject, place: PluginPlace): string | undefined {
  for (const [name, conf] of Object.entries(plugins)) {
    const fault = checkPlugin(name, conf, place);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** What it is comes before whether it is known: `{"nope": 5}` is told by its 5. */
function checkPlugin(name: string, conf: unknown, place: PluginPlace): string | undefined {
  const { subsystem, use, enabled } = place;
  if (typeof conf !== "object" || conf === null) {
    return `invalid plugin conf ${JSON.stringify(conf)} for plugin [${name}]`;
  }
  if (!enabled[subsystem].has(name)) return `unknown plugin [${name}]`;
  const fault = configurationFault(subsystem, name, conf, use);
  if (fault !== undefined) {
    return subsystem === "http"
      ? `failed to check the configuration of plugin ${name} err: ${fault}`
      : `failed to check the configuration of stream plugin [${name}]: ${fault}`;
  }
  return subsystem === "http" && isObject(conf) ? metaFault(name, conf) : undefined;
}

/** Its shape was a matter of the schema; here is what a schema cannot say. */
function metaFault(plugin: string, conf: JsonObject): string | undefined {
  const meta = conf._meta;
  if (!isObject(meta)) return undefined;
  const filter = meta.filter === undefined ? undefined : expressionFault(meta.filter);
  if (filter !== undefined) return `failed to validate the 'vars' expression: ${filter}`;
  const source = typeof meta.pre_function === "string" ? meta.pre_function : undefined;
  const lua = source === undefined ? undefined : luaSourceFault(source);
  return lua && `failed to load _meta.pre_function in plugin ${plugin}: ${lua}`;
}

/**
 * What a plugin's schema and its own rules say of a configuration; fills in defaults in place. A plugin
 * without a schema for consumers takes its own there, one without a schema for metadata takes anything.
 */
export function configurationFault(
  subsystem: Subsystem,
  name: string,
  conf: unknown,
  use: SchemaUse,
): string | undefined {
  const schema =
    pluginSchema(subsystem, name, use) ??
    (use === "consumer" ? pluginSchema(subsystem, name, "plugin") : undefined);
  const fault = schema && checkSchema(schema, conf, { allowsReferences: true });
  if (fault !== undefined || !isObject(conf)) return fault;
  return pluginRule(
    subsystem,
    name,
  )?.({
    conf,
    use,
    subsystem,
    checkOther: (other, settings) => configurationFault(subsystem, other, settings, "plugin"),
    isAuth: isAuthPlugin,
  });
}
