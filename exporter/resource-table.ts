import type { Resource } from "../shared/resources/resource.ts";
import { type KindName, parseResourceKey } from "../shared/resources/resource-key.ts";
import type { KeyspaceChange } from "./etcd/keyspace.ts";
import type { Notice, Rejection } from "./rejection.ts";
import { validate } from "./validate.ts";

/**
 * Every valid resource under the prefix. A bad value keeps the key's last valid one, its own or, after a
 * restart, that of the last published generation (invariant 5). The cost of a change follows the change.
 */
export class ResourceTable {
  readonly prefix: string;
  readonly #resources = new Map<KindName, Map<string, Resource>>();
  readonly #rejections = new Map<string, Rejection>();
  readonly #notices = new Map<string, readonly Notice[]>();
  /** The last published generation, by key below the prefix; asked until the base has been applied. */
  #memory: ReadonlyMap<string, Resource>;

  constructor(prefix: string, memory: ReadonlyMap<string, Resource> = new Map()) {
    this.prefix = prefix;
    this.#memory = memory;
  }

  /** Takes a change in; returns the keys below the prefix whose resource is another now, or gone. */
  apply(change: KeyspaceChange): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const key of change.deletes) {
      const below = key.slice(this.prefix.length + 1);
      this.#rejections.delete(below);
      if (this.#remove(below)) changed.add(below);
    }
    for (const entry of change.puts) {
      const below = entry.key.slice(this.prefix.length + 1);
      const verdict = validate(entry, this.prefix);
      if (verdict.is === "skipped") continue;
      if (verdict.is === "rejected") {
        const kept = this.#keep(below, changed);
        const keptRevision = kept?.modRevision;
        this.#rejections.set(below, { ...verdict.rejection, keptRevision });
        continue;
      }
      this.#rejections.delete(below);
      this.#set(verdict.resource, verdict.notices);
      changed.add(below);
    }
    // What the base does not hold was deleted while no exporter ran.
    if (change.cause === "base") this.#memory = new Map();
    return changed;
  }

  get(key: string): Resource | undefined {
    const parsed = parseResourceKey(key);
    if (parsed.is !== "resource") return undefined;
    return this.#resources.get(parsed.kind)?.get(key);
  }

  /** All resources of a kind, in no order. */
  *ofKind<K extends KindName>(kind: K): IterableIterator<Resource<K>> {
    for (const resource of this.#resources.get(kind)?.values() ?? []) {
      yield resource as Resource as Resource<K>;
    }
  }

  *all(): IterableIterator<Resource> {
    for (const ofKind of this.#resources.values()) yield* ofKind.values();
  }

  /** How many resources there are of each kind that has any. */
  counts(): Readonly<Partial<Record<KindName, number>>> {
    const counts: Partial<Record<KindName, number>> = {};
    for (const [kind, resources] of this.#resources) {
      if (resources.size > 0) counts[kind] = resources.size;
    }
    return counts;
  }

  /** In the order of their keys. */
  rejections(): readonly Rejection[] {
    return [...this.#rejections.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  get rejectionCount(): number {
    return this.#rejections.size;
  }

  /** In the order of their keys; without those of dangling references. */
  *notices(): IterableIterator<Notice> {
    for (const key of [...this.#notices.keys()].sort()) yield* this.#notices.get(key) ?? [];
  }

  /** The valid value in use for a key whose new value was refused. */
  #keep(key: string, changed: Set<string>): Resource | undefined {
    const own = this.get(key);
    if (own) return own;
    const remembered = this.#memory.get(key);
    if (!remembered) return undefined;
    this.#set(remembered, []);
    changed.add(key);
    return remembered;
  }

  #set(resource: Resource, notices: readonly Notice[]): void {
    let ofKind = this.#resources.get(resource.kind);
    if (!ofKind) {
      ofKind = new Map();
      this.#resources.set(resource.kind, ofKind);
    }
    ofKind.set(resource.key, resource);
    if (notices.length > 0) this.#notices.set(resource.key, notices);
    else this.#notices.delete(resource.key);
  }

  #remove(key: string): boolean {
    this.#notices.delete(key);
    const parsed = parseResourceKey(key);
    if (parsed.is !== "resource") return false;
    return this.#resources.get(parsed.kind)?.delete(key) ?? false;
  }
}
