import { luaText } from "../../../shared/json-schema/lua-value.ts";
import type { KindName } from "../../../shared/resources/resource-key.ts";
import { type AdminFault, refused } from "./fault.ts";
import type { Lookups } from "./lookups.ts";

/** A field that holds the id of another resource, and how messages name the two. */
interface Reference {
  readonly field: string;
  readonly kind: KindName;
  readonly word: string;
}

export const UPSTREAM: Reference = { field: "upstream_id", kind: "upstreams", word: "upstream" };
export const SERVICE: Reference = { field: "service_id", kind: "services", word: "service" };
export const PLUGIN_CONFIG: Reference = {
  field: "plugin_config_id",
  kind: "plugin_configs",
  word: "plugin config",
};
export const CONSUMER_GROUP: Reference = {
  field: "group_id",
  kind: "consumer_groups",
  word: "consumer group",
};

/** The first field that names what is not there. */
export async function checkReferences(
  value: Readonly<Record<string, unknown>>,
  references: readonly Reference[],
  lookups: Lookups | undefined,
): Promise<AdminFault | undefined> {
  if (lookups === undefined) return undefined;
  for (const { field, kind, word } of references) {
    const id = Object.hasOwn(value, field) ? value[field] : undefined;
    if (id === undefined || (await lookups.get(kind, luaText(id))) !== undefined) continue;
    const missing = `failed to fetch ${word} info by ${word} id [${id}]`;
    return refused(`${missing}, response code: 404`);
  }
  return undefined;
}
