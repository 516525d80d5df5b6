import type { JsonSchema } from "../../shared/plugins/json-schema.ts";
import { HTTP_PLUGIN_SCHEMAS, STREAM_PLUGIN_SCHEMAS } from "../../shared/plugins/schemas/index.ts";
import { withMeta } from "../../shared/plugins/schemas/meta.ts";

/** What of a plugin a configuration is for: its own place, a consumer, or its metadata. */
export type SchemaUse = "plugin" | "consumer" | "metadata";
export type Subsystem = "http" | "stream";

const withMetaOf = new Map<string, JsonSchema>();

/** Undefined for an unknown plugin, and where it has no schema for this use. */
export function pluginSchema(
  subsystem: Subsystem,
  name: string,
  use: SchemaUse,
): JsonSchema | undefined {
  const all = subsystem === "http" ? HTTP_PLUGIN_SCHEMAS : STREAM_PLUGIN_SCHEMAS;
  const schemas = Object.hasOwn(all, name) ? all[name] : undefined;
  if (schemas === undefined) return undefined;
  if (use === "consumer") return schemas.consumerSchema;
  if (use === "metadata") return schemas.metadataSchema;
  const key = `${subsystem}/${name}`;
  const known = withMetaOf.get(key) ?? withMeta(schemas.schema);
  withMetaOf.set(key, known);
  return known;
}
