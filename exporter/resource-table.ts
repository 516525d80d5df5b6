import type { Resource } from "../shared/resources/resource.ts";
import { KIND_NAMES, type KindName, parseResourceKey } from "../shared/resources/resource-key.ts";
import type { Body } from "../shared/snapshot/body-chunk.ts";
import { type FieldCipher, NO_CIPHER } from "./encryption/field-cipher.ts";
import {
  isBeginning,
  isComplete,
  type KeyspaceChange,
  type KeyspaceEntry,
} from "./etcd/keyspace.ts";
import type { Rejection } from "./rejection.ts";
import { type FoundNotices, findNotices } from "./table/find-notices.ts";
import { HeldResource, holdBody, holdResource } from "./table/held-resource.ts";
import { TextPages } from "./table/packed-text.ts";
import { ParsedResources } from "./table/parsed-resources.ts";
import { type PlaceOf, validate } from "./validate.ts";

type Staged = HeldResource | Omit<Rejection, "keptRevision">;

/**
 * Every valid resource under the prefix. A bad value keeps the key's last valid one, its own or, after a
 * restart, that of the last published generation (invariant 5). The cost of a change follows the change.
 *
 * Resources are held as the text that is published, packed, and parsed when asked for: as values, a
 * million of them would take thirty times that memory.
 */
export class ResourceTable {
  readonly prefix: string;
  readonly #cipher: FieldCipher;
  /** By key below the prefix, as are all maps here. */
  readonly #byKind: ReadonlyMap<KindName, Map<string, HeldResource>> = new Map(
    KIND_NAMES.map((kind) => [kind, new Map()]),
  );
  readonly #rejections = new Map<string, Rejection>();
  readonly #checked = new Set<string>();
  readonly #pages = new TextPages();
  readonly #parsed = new ParsedResources();
  /** Parts of a change that is not complete yet: nobody sees a half of it. */
  #staged = new Map<string, Staged>();
  #sortedRejections: readonly Rejection[] | undefined;
  readonly #placeOf: PlaceOf | undefined;

  constructor(prefix: string, cipher: FieldCipher = NO_CIPHER, placeOf?: PlaceOf) {
    this.prefix = prefix;
    this.#cipher = cipher;
    this.#placeOf = placeOf;
  }

  /**
   * Takes a change in, or a part of one; returns the keys below the prefix whose resource is another now,
   * or gone: none until the change is complete.
   */
  apply(change: KeyspaceChange): Set<string> {
    if (isBeginning(change)) this.#staged = new Map();
    for (const entry of change.puts) this.#stage(entry);
    const changed = new Set<string>();
    if (!isComplete(change)) return changed;
    const staged = this.#staged;
    this.#staged = new Map();
    for (const key of change.deletes) this.#delete(this.#below(key), changed);
    for (const [key, now] of staged) this.#put(key, now, changed);
    if (change.cause === "base") this.#deleteAllBut(staged, changed);
    return changed;
  }

  /**
   * Gives every key that has only a refused value the one that was published last, of which `published`
   * knows the body; to be called after a base. Returns the keys that have a resource now. Throws what
   * `published` throws, and has changed nothing then.
   */
  async recall(
    published: (key: string) => Promise<string | undefined>,
  ): Promise<ReadonlySet<string>> {
    const recalled = new Map<string, HeldResource>();
    for (const { key } of this.rejections()) {
      const below = this.#below(key);
      const parsed = parseResourceKey(below);
      if (parsed.is !== "resource" || this.#held(below)) continue;
      const body = await published(below);
      if (body !== undefined) recalled.set(below, holdBody(below, body, key));
    }
    for (const [key, held] of recalled) {
      this.#pages.keep(held);
      this.#hold(key, held);
      this.#reject(key, this.#rejections.get(key) as Rejection);
    }
    return new Set(recalled.keys());
  }

  has(key: string): boolean {
    return this.#held(key) !== undefined;
  }

  /** Parsed when asked for: a caller that goes over many keeps none of them. */
  get(key: string): Resource | undefined {
    const held = this.#held(key);
    return held && this.#parsed.get(held);
  }

  /** FORMAT.md 5.3: the body of a key as it is published. */
  body(key: string): Body | undefined {
    return this.#held(key);
  }

  /** Keys of the resources that hold an upstream with active health checks. */
  get checked(): ReadonlySet<string> {
    return this.#checked;
  }

  /** Keys below the prefix of whatever refers to `key`, in the order of their kinds. */
  *usersOf(key: string): IterableIterator<string> {
    for (const held of this.#allHeld()) {
      if (held.refersTo.includes(key) || held.pluginsReferTo.includes(key)) yield held.key;
    }
  }

  /** Keys below the prefix of the consumers and credentials that have this identity. */
  *holdersOf(identity: string): IterableIterator<string> {
    for (const kind of ["consumers", "credentials"] as const) {
      for (const held of this.#byKind.get(kind)?.values() ?? []) {
        if (held.identities.includes(identity)) yield held.key;
      }
    }
  }

  keysOf(kind: KindName): Iterable<string> {
    return this.#byKind.get(kind)?.keys() ?? [];
  }

  /** All resources of a kind, in no order, each parsed when its turn comes. */
  *ofKind<K extends KindName>(kind: K): IterableIterator<Resource<K>> {
    for (const held of this.#byKind.get(kind)?.values() ?? []) {
      yield held.parse() as Resource as Resource<K>;
    }
  }

  *all(): IterableIterator<Resource> {
    for (const kind of this.#byKind.keys()) yield* this.ofKind(kind);
  }

  get size(): number {
    let size = 0;
    for (const resources of this.#byKind.values()) size += resources.size;
    return size;
  }

  /** How many resources there are of each kind that has any. */
  counts(): Readonly<Partial<Record<KindName, number>>> {
    const counts: Partial<Record<KindName, number>> = {};
    for (const [kind, resources] of this.#byKind) {
      if (resources.size > 0) counts[kind] = resources.size;
    }
    return counts;
  }

  /** In the order of their keys; the same array as long as none came or went. */
  rejections(): readonly Rejection[] {
    this.#sortedRejections ??= [...this.#rejections.values()].sort((a, b) =>
      a.key < b.key ? -1 : Number(a.key > b.key),
    );
    return this.#sortedRejections;
  }

  get rejectionCount(): number {
    return this.#rejections.size;
  }

  /**
   * How many notices there are, and the first `most` of them in the order of their keys. Looked for when
   * somebody asks: what one change leaves dangling may be any number of resources.
   */
  notices(most = Number.POSITIVE_INFINITY): FoundNotices {
    const searched = {
      held: this.#allHeld(),
      globalRules: this.ofKind("global_rules"),
      has: (key: string) => this.has(key),
      wholeKey: (key: string) => `${this.prefix}/${key}`,
    };
    return findNotices(searched, most);
  }

  #stage(entry: KeyspaceEntry): void {
    const verdict = validate(entry, this.prefix, this.#cipher, this.#placeOf);
    if (verdict.is === "skipped") return;
    const key = this.#below(entry.key);
    if (verdict.is === "rejected") {
      this.#staged.set(key, verdict.rejection);
      return;
    }
    const held = holdResource(verdict.resource, verdict.notices);
    this.#pages.keep(held);
    this.#staged.set(key, held);
  }

  #put(key: string, now: Staged, changed: Set<string>): void {
    if (!(now instanceof HeldResource)) {
      this.#reject(key, now);
      return;
    }
    this.#accept(key);
    // Read again, as after an etcd was restored, and still the same.
    const before = this.#held(key);
    if (before?.length === now.length && before.json === now.json) {
      this.#pages.drop(now);
      return;
    }
    if (before) this.#pages.drop(before);
    this.#hold(key, now);
    changed.add(key);
  }

  #delete(key: string, changed: Set<string>): void {
    this.#accept(key);
    const held = this.#held(key);
    if (!held) return;
    this.#pages.drop(held);
    this.#ofItsKind(key)?.delete(key);
    this.#checked.delete(key);
    changed.add(key);
  }

  #reject(key: string, rejection: Omit<Rejection, "keptRevision">): void {
    const keptRevision = this.#held(key)?.modRevision;
    this.#rejections.set(key, { ...rejection, keptRevision });
    this.#sortedRejections = undefined;
  }

  #accept(key: string): void {
    if (this.#rejections.delete(key)) this.#sortedRejections = undefined;
  }

  /** A second base is as good as the first: what it lacks is gone. */
  #deleteAllBut(present: ReadonlyMap<string, unknown>, changed: Set<string>): void {
    for (const resources of this.#byKind.values()) {
      for (const key of resources.keys()) if (!present.has(key)) this.#delete(key, changed);
    }
    for (const key of this.#rejections.keys()) if (!present.has(key)) this.#delete(key, changed);
  }

  #hold(key: string, held: HeldResource): void {
    this.#ofItsKind(key)?.set(key, held);
    if (held.isChecked) this.#checked.add(key);
    else this.#checked.delete(key);
  }

  #held(key: string): HeldResource | undefined {
    return this.#ofItsKind(key)?.get(key);
  }

  #ofItsKind(key: string): Map<string, HeldResource> | undefined {
    const parsed = parseResourceKey(key);
    return parsed.is === "resource" ? this.#byKind.get(parsed.kind) : undefined;
  }

  *#allHeld(): Iterable<HeldResource> {
    for (const resources of this.#byKind.values()) yield* resources.values();
  }

  #below(key: string): string {
    return key.slice(this.prefix.length + 1);
  }
}
