import {
  IDENTIFYING_PLUGINS,
  type IdentifyingPlugin,
  identifyingValue,
} from "../plugins/identifying.ts";
import { isSecretReference } from "../plugins/secret-reference.ts";
import type { Body } from "./body-chunk.ts";

/**
 * FORMAT.md 11: entries among the bodies by which a request's sender is found. A holder is a consumer or
 * credential, by its key below the prefix.
 */

/** FORMAT.md 11.2: the body of an entry under the digest of a value. */
export interface ValueEntry {
  /** All holders of the value, in the order of their keys: the last one is found. */
  readonly keys: readonly string[];
}

/** FORMAT.md 11.3: the body of the entry of those whose value is a reference. */
export interface ReferencesEntry {
  readonly keys: readonly string[];
  /** By position in `keys`. */
  readonly references: readonly string[];
}

/** FORMAT.md 11.1. `digest` is the SHA-256 of the value's UTF-8, in lower-case hex. */
export function valueKey(plugin: IdentifyingPlugin, digest: string): string {
  return `identities/${plugin}/${digest}`;
}

/** FORMAT.md 11.1. */
export function referencesKey(plugin: IdentifyingPlugin): string {
  return `identities/${plugin}/references`;
}

/** How a holder is to be found by one of its plugins. */
export interface HeldIdentity {
  readonly plugin: IdentifyingPlugin;
  readonly value: string;
  /** Then the value stands for another, which only the edge knows. */
  readonly isReference: boolean;
}

/** Of a consumer or credential with these plugins. */
export function heldIdentities(plugins: unknown): readonly HeldIdentity[] {
  return IDENTIFYING_PLUGINS.flatMap((plugin) => {
    const value = identifyingValue(plugins, plugin);
    return value === undefined ? [] : [{ plugin, value, isReference: isSecretReference(value) }];
  });
}

/** Deterministic, whatever the order of the holders. */
export function valueBody(key: string, holders: Iterable<string>): Body {
  return entryBody(key, { keys: [...holders].sort() } satisfies ValueEntry);
}

/** `references` by the holder's key, in any order. */
export function referencesBody(key: string, references: ReadonlyMap<string, string>): Body {
  const keys = [...references.keys()].sort();
  const sorted = keys.map((holder) => references.get(holder) as string);
  return entryBody(key, { keys, references: sorted } satisfies ReferencesEntry);
}

function entryBody(key: string, entry: object): Body {
  const json = JSON.stringify(entry);
  return { key, json, length: json.length };
}
