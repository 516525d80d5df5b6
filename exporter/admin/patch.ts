import { isJsonObject } from "../../shared/json-object.ts";
import { isObject, type JsonObject } from "../../shared/json-schema/lua-value.ts";

/** A step of a path leads into what holds nothing. */
export class SubPathError extends Error {
  override readonly name = "SubPathError";
}

/**
 * What `PATCH` makes of a value (reference 9.4); neither argument is changed. Objects are merged, everything
 * else is replaced, null takes a field away. Inside an object that is new a null stays, for the schema to
 * refuse.
 */
export function merge(value: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(value));
  for (const [name, field] of Object.entries(patch)) {
    const before = merged.get(name);
    if (field === null) merged.delete(name);
    else if (isFilled(before) && isJsonObject(field)) merged.set(name, merge(before, field));
    else merged.set(name, field);
  }
  return Object.fromEntries(merged);
}

/** `PATCH` with a path: what is there becomes `field`. Throws `SubPathError`. */
export function replaceAt(value: JsonObject, path: readonly string[], field: unknown): JsonObject {
  const [name, ...rest] = path;
  if (name === undefined) throw new SubPathError("");
  if (rest.length === 0) return withField(value, name, field);
  const before = Object.hasOwn(value, name) ? value[name] : {};
  if (!isObject(before)) throw new SubPathError(`/${path.join("/")}`);
  return withField(value, name, replaceAt(Array.isArray(before) ? {} : before, rest, field));
}

/** An empty table is a list for Lua, and is replaced like one: by the whole patch, nulls and all. */
function isFilled(value: unknown): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).length > 0;
}

function withField(value: JsonObject, name: string, field: unknown): JsonObject {
  // Unlike a spread, `fromEntries` makes a field of every name.
  return Object.fromEntries(new Map(Object.entries(value)).set(name, field));
}
