import type { JsonObject } from "../../schema/lua-value.ts";
import type { SchemaUse, Subsystem } from "../../schema/plugin-schema.ts";

/** A configuration that its schema has let through, with defaults filled in. */
export interface PluginConf {
  readonly conf: JsonObject;
  readonly use: SchemaUse;
  readonly subsystem: Subsystem;
  /** What the schema and the rules of another plugin say of a configuration for it. */
  checkOther(name: string, conf: unknown): string | undefined;
  isAuth(name: string): boolean;
}

/** What a plugin refuses beyond its schema, in APISIX's words. */
export type PluginRule = (given: PluginConf) => string | undefined;
