import { canonicalText, setField } from "../../shared/json-schema/lua-value.ts";
import { type KindName, parseResourceKey } from "../../shared/resources/resource-key.ts";
import type { JsonObject } from "../encryption/field-cipher.ts";
import type { KeyspaceEntry } from "../etcd/keyspace.ts";

/** A resource as somebody wants it, in the clear. */
export interface WantedResource {
  /** Below the prefix, e.g. `routes/1`. */
  readonly key: string;
  readonly kind: KindName;
  /** Of a credential `jack/credentials/c1`. */
  readonly id: string;
  /** As the Admin API stores it, but for its times. */
  readonly value: JsonObject;
}

/**
 * The items of a standalone file, or of a request of its shape, as resources. What cannot be stored at all
 * is a fault; values are not looked into.
 */
export function wantedResources(entries: Iterable<KeyspaceEntry>): {
  readonly wanted: ReadonlyMap<string, WantedResource>;
  readonly faults: readonly { readonly key: string; readonly fault: string }[];
} {
  const wanted = new Map<string, WantedResource>();
  const faults: { key: string; fault: string }[] = [];
  for (const { key, value: bytes } of entries) {
    const below = key.slice(1);
    const parsed = parseResourceKey(below);
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (parsed.is !== "resource") {
      const fault = parsed.is === "unknown" ? `${parsed.found}; want ${parsed.wanted}` : parsed.why;
      faults.push({ key: below, fault });
    } else if (typeof value !== "object" || value === null || Array.isArray(value)) {
      faults.push({ key: below, fault: "it is no object" });
    } else {
      const { kind, id } = parsed;
      wanted.set(below, { key: below, kind, id, value: asStored(kind, id, value as JsonObject) });
    }
  }
  return { wanted, faults };
}

/** Without the times, which only who stores it may set, and with the id that its kind has in etcd. */
function asStored(kind: KindName, id: string, value: JsonObject): JsonObject {
  const { create_time: _, update_time: __, ...stored } = value;
  if (kind === "credentials") setField(stored, "id", id.slice(id.lastIndexOf("/") + 1));
  // Its id is its user name; the field has no place in its schema.
  else if (kind === "consumers" && String(stored.id) === String(stored.username)) delete stored.id;
  else if (kind !== "consumers") setField(stored, "id", stored.id ?? id);
  return stored;
}

/** The same text for values that are the same but for the times, and for a number that is a text as an id. */
export function contentOf(value: JsonObject): string {
  const { create_time: _, update_time: __, ...content } = value;
  if (content.id !== undefined) content.id = String(content.id);
  return canonicalText(content);
}
