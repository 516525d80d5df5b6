import type { JsonSchema } from "../../shared/plugins/json-schema.ts";
import type { Plugin } from "./plugin.ts";

/** A plugin that is none of APISIX's, compiled into the Worker by whoever deploys it. */
export interface OwnPlugin {
  /** As routes name it; not that of a plugin of APISIX. */
  readonly name: string;
  /** Where it stands among the others, e.g. 2450 between authentication and restriction. */
  readonly priority: number;
  /** A global rule's is left out where the route has the plugin too. */
  readonly preferRoute?: boolean;
  /** Its defaults are filled in; a configuration is not held against it. */
  readonly schema: JsonSchema;
  readonly metadataSchema?: JsonSchema;
  readonly plugin: Plugin;
}
