import { numberText } from "../expression/lua-number.ts";

/**
 * JSON values as a Lua program sees them. Messages name Lua's types, and Lua has one kind of table: an empty
 * list and an empty object are the same, so each passes for the other.
 */

export type JsonObject = Record<string, unknown>;

/** Lua's `type(value)`; null is a light userdata of its JSON reader's. */
export function luaType(value: unknown): "string" | "number" | "boolean" | "table" | "userdata" {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    default:
      return value === null || value === undefined ? "userdata" : "table";
  }
}

/** `tostring(value)`, but without the address of a table. Never fails, whatever the value has for a method. */
export function luaText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  return typeof value === "boolean" ? String(value) : luaType(value);
}

/** Whether the value passes for an object: an empty list does. */
export function isObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) || value.length === 0;
}

/** Whether the value passes for a list: an empty object does. */
export function isList(value: unknown): value is readonly unknown[] | Record<string, never> {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || isEmptyObject(value);
}

function isEmptyObject(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

/** The members of what `isList`. */
export function membersOf(list: readonly unknown[] | Record<string, never>): readonly unknown[] {
  return Array.isArray(list) ? list : [];
}

/** Undefined where there is no such field, whatever its name: `constructor` is nothing special. */
export function fieldOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A copy to fill defaults in to. For small values it takes a tenth of the time of `structuredClone`. */
export function copyOf<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const copy: unknown = Array.isArray(value) ? value.map(copyOf) : copyOfObject(value);
  return copy as T;
}

function copyOfObject(object: object): JsonObject {
  const copy: JsonObject = { ...object };
  for (const name of Object.keys(copy)) {
    if (typeof copy[name] === "object") setField(copy, name, copyOf(copy[name]));
  }
  return copy;
}

/** Also for `__proto__`, to which an assignment would do something else. */
export function setField(object: JsonObject, name: string, value: unknown): void {
  if (name !== "__proto__") {
    object[name] = value;
    return;
  }
  const descriptor = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(object, name, descriptor);
}

/** The places, from 1, of the first two members that are equal. */
export function equalMembers(list: readonly unknown[]): readonly [number, number] | undefined {
  const plain = new Map<unknown, number>();
  const tables = new Map<string, number>();
  let equalTables: readonly [number, number] | undefined;
  for (const [index, member] of list.entries()) {
    const isTable = luaType(member) === "table";
    const known = isTable ? tables : plain;
    const key = isTable ? canonicalText(member) : member;
    const first = (known as Map<unknown, number>).get(key);
    if (first === undefined) {
      (known as Map<unknown, number>).set(key, index + 1);
    } else if (!isTable) {
      return [first, index + 1];
    } else if (equalTables === undefined || first < equalTables[0]) {
      // Tables are compared after all the rest, pair by pair.
      equalTables = [first, index + 1];
    }
  }
  return equalTables;
}

/** The same text for equal values only, whatever the order of fields. */
export function canonicalText(value: unknown): string {
  const sorted = (_: string, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? [] : { object: entries };
  };
  return JSON.stringify(value, sorted);
}
