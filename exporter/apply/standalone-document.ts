import { KIND_NAMES, type KindName } from "../../shared/resources/resource-key.ts";
import type { JsonObject } from "../encryption/field-cipher.ts";
import type { StandaloneFormat } from "../table/read-standalone.ts";
import { yamlText } from "../table/write-yaml.ts";
import type { StoredConfiguration, StoredResource } from "./stored-configuration.ts";

/** A configuration in the shape of APISIX's standalone file: lists of items by their kinds. */
export type StandaloneDocument = Readonly<Partial<Record<ListName, readonly JsonObject[]>>>;

export type ListName = Exclude<KindName, "credentials">;

/** Credentials have no list of their own. */
export const LIST_NAMES: readonly ListName[] = KIND_NAMES.filter((kind) => kind !== "credentials");

export function listOf(kind: KindName): ListName {
  return kind === "credentials" ? "consumers" : kind;
}

/**
 * Without the times, and of kinds that have any; items in the order of their keys. What is no JSON object
 * has no place in it. `withIndex` adds each item's modRevision, by which a reader knows what has changed.
 */
export function documentOf(
  { resources }: Pick<StoredConfiguration, "resources">,
  options: { readonly withIndex?: boolean } = {},
): StandaloneDocument {
  const lists = new Map<ListName, JsonObject[]>(LIST_NAMES.map((name) => [name, []]));
  for (const resource of resources.values()) {
    if (!resource.value) continue;
    const item = itemOf(resource, resource.value);
    const index = options.withIndex ? { modifiedIndex: resource.modRevision } : {};
    lists.get(listOf(resource.kind))?.push({ ...item, ...index });
  }
  return Object.fromEntries([...lists].filter(([, items]) => items.length > 0));
}

/** As a file, `#END` and all. */
export function documentText(document: StandaloneDocument, format: StandaloneFormat): string {
  if (format === "json") return `${JSON.stringify(document, null, 2)}\n`;
  const lists = Object.keys(document).length > 0 ? yamlText(document) : "";
  return `${lists}#END\n`;
}

/** Texts that a reader would take for variables of its environment; there is no way to write them. */
export function looksFilledIn(value: JsonObject): boolean {
  return /\$\{\{\s*\w+(:=.*?)?\s*\}\}/.test(JSON.stringify(value));
}

function itemOf({ kind, id }: Pick<StoredResource, "kind" | "id">, value: JsonObject): JsonObject {
  const { id: ownId, create_time: _, update_time: __, ...rest } = value;
  if (kind === "consumers") return rest;
  // What is written by hand may lack its id, or have another; the key is what counts.
  const isOwn = kind !== "credentials" && String(ownId) === id;
  return { id: isOwn ? ownId : id, ...rest };
}
