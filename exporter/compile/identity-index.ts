import { hash } from "node:crypto";
import type { Resource } from "../../shared/resources/resource.ts";
import type { Body } from "../../shared/snapshot/body-chunk.ts";
import type { BodyChange } from "../../shared/snapshot/body-tree.ts";
import {
  heldIdentities,
  referencesBody,
  referencesKey,
  valueBody,
  valueKey,
} from "../../shared/snapshot/identities.ts";

const NONE: readonly string[] = [];

/**
 * FORMAT.md 11: by which values consumers and credentials are found. Remembers who is under what, so that a
 * change of one of them comes to its own entries. A holder is known by its key below the prefix.
 */
export class IdentityIndex {
  /** By holder: the keys of the entries that name it. */
  readonly #entriesOf = new Map<string, readonly string[]>();
  /** By the key of a value's entry; nearly always there is one holder, and there may be a million values. */
  readonly #holders = new Map<string, string | Set<string>>();
  /** By the key of an entry of references: each holder's reference. */
  readonly #references = new Map<string, Map<string, string>>();
  /** Keys of entries that may have changed since `changes` was last read to its end. */
  #touched = new Set<string>();

  static isHolder(key: string): boolean {
    return key.startsWith("consumers/");
  }

  /** Takes in what a holder is now; undefined: gone. */
  note(holder: string, resource: Resource | undefined): void {
    const before = this.#entriesOf.get(holder) ?? NONE;
    const now = placesOf(resource);
    for (const entry of before) if (!now.has(entry)) this.#leave(entry, holder);
    for (const [entry, reference] of now) {
      if (reference !== undefined) this.#refer(entry, holder, reference);
      else if (!before.includes(entry)) this.#join(entry, holder);
    }
    if (now.size > 0) this.#entriesOf.set(holder, [...now.keys()]);
    else this.#entriesOf.delete(holder);
  }

  /** What the entries are now that changed since they were last asked for. */
  *changes(): Generator<BodyChange> {
    for (const entry of this.#touched) yield [entry, this.#body(entry)];
    this.#touched = new Set();
  }

  #join(entry: string, holder: string): void {
    const holders = this.#holders.get(entry);
    if (holders === undefined) this.#holders.set(entry, holder);
    else if (typeof holders === "string") this.#holders.set(entry, new Set([holders, holder]));
    else holders.add(holder);
    this.#touched.add(entry);
  }

  #refer(entry: string, holder: string, reference: string): void {
    const references = this.#references.get(entry) ?? new Map<string, string>();
    if (references.get(holder) === reference) return;
    this.#references.set(entry, references.set(holder, reference));
    this.#touched.add(entry);
  }

  #leave(entry: string, holder: string): void {
    this.#touched.add(entry);
    const holders = this.#references.get(entry) ?? this.#holders.get(entry);
    if (typeof holders === "object") {
      holders.delete(holder);
      if (holders.size > 0) return;
    }
    this.#references.delete(entry);
    this.#holders.delete(entry);
  }

  #body(entry: string): Body | undefined {
    const references = this.#references.get(entry);
    if (references) return referencesBody(entry, references);
    const holders = this.#holders.get(entry);
    if (holders === undefined) return undefined;
    return valueBody(entry, typeof holders === "string" ? [holders] : holders);
  }
}

/** The keys of the entries that are to name a holder; with its reference, where that is what it has. */
function placesOf(resource: Resource | undefined): ReadonlyMap<string, string | undefined> {
  const places = new Map<string, string | undefined>();
  if (resource?.kind !== "consumers" && resource?.kind !== "credentials") return places;
  const { plugins } = resource.value as Resource<"consumers" | "credentials">["value"];
  for (const { plugin, value, isReference } of heldIdentities(plugins)) {
    if (isReference) places.set(referencesKey(plugin), value);
    else places.set(valueKey(plugin, sha256Hex(value)), undefined);
  }
  return places;
}

function sha256Hex(text: string): string {
  return hash("sha256", text, "hex");
}
