import type { JsonObject } from "../../../shared/json-schema/lua-value.ts";
import type { KindName } from "../../../shared/resources/resource-key.ts";

/** What checks ask of the store. Each may reject: then the store did not answer, and nothing was checked. */
export interface Lookups {
  /** The stored value; the id of a credential is `jack/credentials/c1`. */
  get(kind: KindName, id: string): Promise<JsonObject | undefined>;
  /** Whoever has this value in this field of this plugin, in the clear. */
  holdersOf(plugin: string, field: string, value: string): Promise<readonly KeyHolder[]>;
  /** The ids of the global rules that have the plugin. */
  globalRulesWith(plugin: string): Promise<readonly string[]>;
}

/** A consumer, or one of its credentials. */
export interface KeyHolder {
  readonly consumer: string;
  readonly credential?: string;
}
