import type { Resource } from "../shared/resources/resource.ts";
import type { KindName } from "../shared/resources/resource-key.ts";
import type { KeyspaceChange, KeyspaceEntry } from "./etcd/keyspace.ts";
import type { Notice, Rejection } from "./rejection.ts";
import { noticesOf } from "./validate/notices.ts";
import { danglingReferences } from "./validate/references.ts";
import { validate } from "./validate.ts";

/**
 * Every valid resource under the prefix. A bad value keeps the key's last valid one, its own or, after a
 * restart, that of the last published generation (invariant 5). The cost of a change follows the change.
 */
export class ResourceTable {
  readonly prefix: string;
  /** By key below the prefix, as are all maps here. */
  readonly #resources = new Map<string, Resource>();
  readonly #byKind = new Map<KindName, Map<string, Resource>>();
  readonly #rejections = new Map<string, Rejection>();
  readonly #notices = new Map<string, readonly Notice[]>();
  /** The last published generation; asked until the base has been applied. */
  #memory: ReadonlyMap<string, Resource>;
  #sortedRejections: readonly Rejection[] | undefined;
  #sortedNotices: readonly Notice[] | undefined;

  constructor(prefix: string, memory: ReadonlyMap<string, Resource> = new Map()) {
    this.prefix = prefix;
    this.#memory = memory;
  }

  /** Takes a change in; returns the keys below the prefix whose resource is another now, or gone. */
  apply(change: KeyspaceChange): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const key of change.deletes) this.#delete(this.#below(key), changed);
    for (const entry of change.puts) this.#put(entry, changed);
    if (change.cause === "base") {
      this.#deleteAllBut(change.puts, changed);
      // What the base does not hold was deleted while no exporter ran.
      this.#memory = new Map();
    }
    this.#sortedRejections = undefined;
    this.#sortedNotices = undefined;
    return changed;
  }

  get(key: string): Resource | undefined {
    return this.#resources.get(key);
  }

  /** All resources of a kind, in no order. */
  *ofKind<K extends KindName>(kind: K): IterableIterator<Resource<K>> {
    for (const resource of this.#byKind.get(kind)?.values() ?? []) {
      yield resource as Resource as Resource<K>;
    }
  }

  *all(): IterableIterator<Resource> {
    yield* this.#resources.values();
  }

  get size(): number {
    return this.#resources.size;
  }

  /** How many resources there are of each kind that has any. */
  counts(): Readonly<Partial<Record<KindName, number>>> {
    const counts: Partial<Record<KindName, number>> = {};
    for (const [kind, resources] of this.#byKind) {
      if (resources.size > 0) counts[kind] = resources.size;
    }
    return counts;
  }

  /** In the order of their keys. */
  rejections(): readonly Rejection[] {
    this.#sortedRejections ??= [...this.#rejections.values()].sort(byKey);
    return this.#sortedRejections;
  }

  get rejectionCount(): number {
    return this.#rejections.size;
  }

  /**
   * In the order of their keys. Dangling references are looked for when somebody asks: what a change
   * leaves dangling may be any number of resources.
   */
  notices(): readonly Notice[] {
    this.#sortedNotices ??= [...this.#notices.values()]
      .flat()
      .concat([...this.#dangling()])
      .sort(byKey);
    return this.#sortedNotices;
  }

  #put(entry: KeyspaceEntry, changed: Set<string>): void {
    const key = this.#below(entry.key);
    const verdict = validate(entry, this.prefix);
    if (verdict.is === "skipped") return;
    if (verdict.is === "resource") {
      this.#rejections.delete(key);
      this.#set(verdict.resource, verdict.notices);
      changed.add(key);
      return;
    }
    const remembered = this.#resources.has(key) ? undefined : this.#memory.get(key);
    if (remembered) {
      this.#set(remembered, noticesOf(remembered, entry.key));
      changed.add(key);
    }
    const keptRevision = this.#resources.get(key)?.modRevision;
    this.#rejections.set(key, { ...verdict.rejection, keptRevision });
  }

  #set(resource: Resource, notices: readonly Notice[]): void {
    const { key, kind } = resource;
    const ofKind = this.#byKind.get(kind) ?? new Map<string, Resource>();
    this.#byKind.set(kind, ofKind.set(key, resource));
    this.#resources.set(key, resource);
    if (notices.length > 0) this.#notices.set(key, notices);
    else this.#notices.delete(key);
  }

  #delete(key: string, changed: Set<string>): void {
    this.#rejections.delete(key);
    this.#notices.delete(key);
    const held = this.#resources.get(key);
    if (!held) return;
    this.#resources.delete(key);
    this.#byKind.get(held.kind)?.delete(key);
    changed.add(key);
  }

  /** A second base is as good as the first: what it lacks is gone. */
  #deleteAllBut(entries: readonly KeyspaceEntry[], changed: Set<string>): void {
    if (this.#resources.size + this.#rejections.size === 0) return;
    const present = new Set(entries.map(({ key }) => this.#below(key)));
    for (const key of [...this.#resources.keys(), ...this.#rejections.keys()]) {
      if (!present.has(key)) this.#delete(key, changed);
    }
  }

  *#dangling(): IterableIterator<Notice> {
    const exists = (key: string) => this.#resources.has(key);
    const wholeKey = (key: string) => `${this.prefix}/${key}`;
    for (const kind of ["routes", "services"] as const) {
      for (const resource of this.ofKind(kind)) {
        yield* danglingReferences(resource, exists, wholeKey);
      }
    }
  }

  #below(key: string): string {
    return key.slice(this.prefix.length + 1);
  }
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}
