import { checkSchema } from "../../shared/json-schema/check-schema.ts";
import { isObject, type JsonObject } from "../../shared/json-schema/lua-value.ts";
import { faultIn, faultOf, type ValueFault } from "../../shared/json-schema/value-fault.ts";
import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import { conditionFault } from "./condition-fault.ts";
import { luaSourceFault } from "./lua-source.ts";
import { pluginSchema, type SchemaUse, type Subsystem } from "./plugin-schema.ts";
import { APISIX_ZONES, type CacheZones } from "./rules/plugin-rule.ts";
import { pluginRule } from "./rules/rules.ts";

/** What APISIX says of one plugin's configuration: to the Admin API's caller, and of what etcd holds. */

const AUTH: ReadonlySet<string> = new Set(
  HTTP_PLUGINS.flatMap(({ name, auth }) => (auth ? [name] : [])),
);

/** Whether the plugin finds a consumer. */
export function isAuthPlugin(name: string): boolean {
  return AUTH.has(name);
}

/** `_meta` has passed its schema, or the plugin is disabled; here is what a schema cannot say. */
export function metaFault(plugin: string, conf: JsonObject): ValueFault | undefined {
  const meta = conf._meta;
  if (!isObject(meta)) return undefined;
  const filter =
    meta.filter === undefined
      ? undefined
      : conditionFault(meta.filter, "failed to validate the 'vars' expression: ");
  if (filter !== undefined) return faultIn("_meta", faultIn("filter", filter));
  const said =
    typeof meta.pre_function === "string" ? luaSourceFault(meta.pre_function) : undefined;
  if (said === undefined) return undefined;
  const words = `failed to load _meta.pre_function in plugin ${plugin}: ${said}`;
  const fault = faultOf(meta.pre_function, "Lua that compiles", words);
  return faultIn("_meta", faultIn("pre_function", fault));
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
  zones: CacheZones = APISIX_ZONES,
): ValueFault | undefined {
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
    zones,
    checkOther: (other, settings) =>
      configurationFault(subsystem, other, settings, "plugin", zones),
    isAuth: isAuthPlugin,
  });
}
