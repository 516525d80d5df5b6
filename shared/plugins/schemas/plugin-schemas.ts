import type { JsonSchema } from "../json-schema.ts";

/** What a plugin says of its configurations. */
export interface PluginSchemas {
  /** On routes, services, plugin configs, consumer groups, global rules; and on consumers of no auth plugin. */
  readonly schema: JsonSchema;
  /** On consumers and credentials. */
  readonly consumerSchema?: JsonSchema;
  readonly metadataSchema?: JsonSchema;
}
