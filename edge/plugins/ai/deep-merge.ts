import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isObject } from "./json-body.ts";

/** What becomes of a value that both have and are not both objects. */
export type OnConflict = "keep" | "replace";

/** What `patch` has comes to `target`; objects that both have are merged in turn. */
export function deepMerge(target: JsonValue, patch: JsonValue, conflict: OnConflict): JsonValue {
  if (!isObject(target) || !isObject(patch)) return patch;
  const merged = new Map<string, JsonValue>(Object.entries(target));
  for (const [name, added] of Object.entries(patch)) {
    const own = merged.get(name);
    if (isObject(own) && isObject(added)) merged.set(name, deepMerge(own, added, conflict));
    else if (own === undefined || conflict === "replace") merged.set(name, added);
  }
  return Object.fromEntries(merged);
}
