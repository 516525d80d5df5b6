import type { KindName } from "../../../shared/resources/resource-key.ts";
import type { SchemaName } from "../schema/resource-schemas.ts";

export type WriteMethod = "PUT" | "POST" | "PATCH";

/** A kind of resource at the Admin API. */
export interface AdminKind {
  readonly name: KindName;
  /** In messages. */
  readonly word: string;
  /** Undefined where the id decides. */
  readonly schema?: SchemaName;
  readonly unsupported: readonly WriteMethod[];
  /** Its id is not a field `id` of the value. */
  readonly hasNoId?: boolean;
}

const KINDS: readonly AdminKind[] = [
  { name: "routes", word: "route", schema: "route", unsupported: [] },
  { name: "services", word: "service", schema: "service", unsupported: [] },
  { name: "upstreams", word: "upstream", schema: "upstream", unsupported: [] },
  { name: "ssls", word: "ssl", schema: "ssl", unsupported: [] },
  { name: "protos", word: "proto", schema: "proto", unsupported: ["PATCH"] },
  { name: "stream_routes", word: "stream route", schema: "stream_route", unsupported: ["PATCH"] },
  {
    name: "plugin_configs",
    word: "plugin config",
    schema: "plugin_config",
    unsupported: ["POST"],
  },
  {
    name: "consumer_groups",
    word: "consumer group",
    schema: "consumer_group",
    unsupported: ["POST"],
  },
  { name: "global_rules", word: "global rule", schema: "global_rule", unsupported: ["POST"] },
  { name: "secrets", word: "secret", unsupported: ["POST"] },
  {
    name: "consumers",
    word: "consumer",
    schema: "consumer",
    unsupported: ["POST", "PATCH"],
    hasNoId: true,
  },
  {
    name: "credentials",
    word: "credential",
    schema: "credential",
    unsupported: ["POST", "PATCH"],
  },
  {
    name: "plugin_metadata",
    word: "plugin_metadata",
    unsupported: ["POST", "PATCH"],
    hasNoId: true,
  },
];

const BY_NAME: ReadonlyMap<string, AdminKind> = new Map(KINDS.map((kind) => [kind.name, kind]));

/** Undefined for what is no kind; credentials stand below their consumer, not beside it. */
export function adminKind(name: string): AdminKind | undefined {
  return BY_NAME.get(name);
}
