import type { JsonSchema } from "../../shared/plugins/json-schema.ts";
import { HTTP_PLUGIN_SCHEMAS, STREAM_PLUGIN_SCHEMAS } from "../../shared/plugins/schemas/index.ts";
import { withMeta } from "../../shared/plugins/schemas/meta.ts";
import type { PluginSchemas } from "../../shared/plugins/schemas/plugin-schemas.ts";

/** What of a plugin a configuration is for: its own place, a consumer, or its metadata. */
export type SchemaUse = "plugin" | "consumer" | "metadata";
export type Subsystem = "http" | "stream";

const withMetaOf = new Map<PluginSchemas, JsonSchema>();

/** Whether APISIX has a plugin of this name. */
export function isKnownPlugin(subsystem: Subsystem, name: string): boolean {
  return schemasOf(subsystem, name) !== undefined;
}

/** Undefined for an unknown plugin, and where it has no schema for this use. */
export function pluginSchema(
  subsystem: Subsystem,
  name: string,
  use: SchemaUse,
): JsonSchema | undefined {
  const schemas = schemasOf(subsystem, name);
  if (schemas === undefined) return undefined;
  if (use === "consumer") return schemas.consumerSchema;
  if (use === "metadata") return schemas.metadataSchema;
  const known = withMetaOf.get(schemas);
  if (known) return known;
  const made = withMeta(schemas.schema);
  withMetaOf.set(schemas, made);
  return made;
}

/** `constructor` is no plugin. */
function schemasOf(subsystem: Subsystem, name: string): PluginSchemas | undefined {
  const all = subsystem === "http" ? HTTP_PLUGIN_SCHEMAS : STREAM_PLUGIN_SCHEMAS;
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
