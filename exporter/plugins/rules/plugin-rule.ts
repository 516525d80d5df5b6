import { isObject, type JsonObject } from "../../../shared/json-schema/lua-value.ts";
import { faultIn, type ValueFault } from "../../../shared/json-schema/value-fault.ts";
import type { SchemaUse, Subsystem } from "../plugin-schema.ts";

/** Where proxy-cache may keep answers, by name: `disk` or `memory`. They are named in a gateway's own file. */
export type CacheZones = ReadonlyMap<string, string> | "any";

/** The zones of APISIX's file as it comes. */
export const APISIX_ZONES: CacheZones = new Map([
  ["disk_cache_one", "disk"],
  ["memory_cache", "memory"],
]);

/** A configuration that its schema has let through, with defaults filled in. */
export interface PluginConf {
  readonly conf: JsonObject;
  readonly use: SchemaUse;
  readonly subsystem: Subsystem;
  readonly zones: CacheZones;
  /** What the schema and the rules of another plugin say of a configuration for it. */
  checkOther(name: string, conf: unknown): ValueFault | undefined;
  isAuth(name: string): boolean;
}

/** What a plugin refuses beyond its schema. */
export type PluginRule = (given: PluginConf) => ValueFault | undefined;

/** What a field holds, as a list; nothing where it is none. */
export function membersOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The fault of the first member that has one, seen from what has the list. */
export function firstMember(
  conf: JsonObject,
  field: string,
  check: (member: unknown) => ValueFault | undefined,
): ValueFault | undefined {
  for (const [index, member] of membersOf(conf[field]).entries()) {
    const fault = check(member);
    if (fault !== undefined) return faultIn(field, faultIn(index, fault));
  }
  return undefined;
}

/** The same, of those members that are objects. */
export function firstObject(
  conf: JsonObject,
  field: string,
  check: (member: JsonObject) => ValueFault | undefined,
): ValueFault | undefined {
  return firstMember(conf, field, (member) => (isObject(member) ? check(member) : undefined));
}
