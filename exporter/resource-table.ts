import { NO_BINDINGS, type Reach } from "../shared/resources/reach.ts";
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
import type { NodesOf } from "./table/discovered-nodes.ts";
import { type FoundNotices, findNotices } from "./table/find-notices.ts";
import { HeldResource, holdBody, holdResource, withNodes } from "./table/held-resource.ts";
import { TextPages } from "./table/packed-text.ts";
import { ParsedResources } from "./table/parsed-resources.ts";
import { validate } from "./validate.ts";

export interface TableOptions {
  /** What the edge reaches by bindings, for notices. */
  readonly reach?: Reach | undefined;
  /** What DNS has said of a service; `refresh` tells the table that it may say something else. */
  readonly nodesOf?: NodesOf | undefined;
  /** Of fields that are encrypted in etcd; absent: none is. */
  readonly cipher?: FieldCipher | undefined;
}

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
  #stagedServices = new Set<string>();
  readonly #reach: Reach;
  readonly #nodesOf: NodesOf;
  /** By a service that DNS is asked for: the keys of the resources that have their nodes from it. */
  readonly #usersOf = new Map<string, Set<string>>();
  #sortedRejections: readonly Rejection[] | undefined;

  constructor(
    prefix: string,
    { reach = NO_BINDINGS, nodesOf = () => undefined, cipher = NO_CIPHER }: TableOptions = {},
  ) {
    this.prefix = prefix;
    this.#reach = reach;
    this.#nodesOf = nodesOf;
    this.#cipher = cipher;
  }

  get reach(): Reach {
    return this.#reach;
  }

  /**
   * Takes a change in, or a part of one; returns the keys below the prefix whose resource is another now,
   * or gone: none until the change is complete.
   */
  apply(change: KeyspaceChange): Set<string> {
    this.stage(change);
    return isComplete(change) ? this.commit(change) : new Set();
  }

  /** The first half of `apply`: nobody sees anything of it. Returns the services that DNS is needed for. */
  stage(change: KeyspaceChange): ReadonlySet<string> {
    if (isBeginning(change)) this.#forgetStaged();
    for (const entry of change.puts) this.#stage(entry);
    return this.#stagedServices;
  }

  /** The second half, for a change that is complete. */
  commit(change: KeyspaceChange): Set<string> {
    const changed = new Set<string>();
    const staged = this.#staged;
    this.#forgetStaged();
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
      if (body === undefined) continue;
      const held = holdBody(below, body, key, this.#reach);
      recalled.set(below, withNodes(held, this.#nodesOf));
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

  /** Keys below the prefix of whatever refers to `key`. */
  *referrersTo(key: string): IterableIterator<string> {
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

  /** Whether a resource has its nodes from this service. */
  uses(service: string): boolean {
    return this.#usersOf.has(service);
  }

  services(): Iterable<string> {
    return this.#usersOf.keys();
  }

  usersOf(service: string): Iterable<string> {
    return this.#usersOf.get(service) ?? [];
  }

  /** Takes in that a service may have other nodes now; returns the keys whose resource is another. */
  refresh(service: string): Set<string> {
    const changed = new Set<string>();
    for (const key of this.usersOf(service)) {
      const before = this.#held(key) as HeldResource;
      const now = withNodes(before, this.#nodesOf);
      if (now === before) continue;
      this.#pages.drop(before);
      this.#pages.keep(now);
      this.#ofItsKind(key)?.set(key, now);
      changed.add(key);
    }
    return changed;
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
      reach: this.#reach,
      globalRules: this.ofKind("global_rules"),
      has: (key: string) => this.has(key),
      wholeKey: (key: string) => `${this.prefix}/${key}`,
    };
    return findNotices(searched, most);
  }

  #stage(entry: KeyspaceEntry): void {
    const verdict = validate(entry, this.prefix, this.#reach, this.#cipher);
    if (verdict.is === "skipped") return;
    const key = this.#below(entry.key);
    if (verdict.is === "rejected") {
      this.#staged.set(key, verdict.rejection);
      return;
    }
    const held = holdResource(verdict.resource, verdict.notices, this.#reach);
    this.#pages.keep(held);
    this.#staged.set(key, held);
    for (const service of held.services) this.#stagedServices.add(service);
  }

  #forgetStaged(): void {
    this.#staged = new Map();
    this.#stagedServices = new Set();
  }

  #put(key: string, staged: Staged, changed: Set<string>): void {
    if (!(staged instanceof HeldResource)) {
      this.#reject(key, staged);
      return;
    }
    this.#accept(key);
    const now = withNodes(staged, this.#nodesOf);
    if (now !== staged) {
      this.#pages.drop(staged);
      this.#pages.keep(now);
    }
    // Read again, as after an etcd was restored, and still the same.
    const before = this.#held(key);
    if (before?.length === now.length && before.json === now.json) {
      this.#pages.drop(now);
      return;
    }
    if (before) this.#drop(before);
    this.#hold(key, now);
    changed.add(key);
  }

  #delete(key: string, changed: Set<string>): void {
    this.#accept(key);
    const held = this.#held(key);
    if (!held) return;
    this.#drop(held);
    this.#ofItsKind(key)?.delete(key);
    this.#checked.delete(key);
    changed.add(key);
  }

  #use({ key, services }: HeldResource): void {
    for (const service of services) {
      const users = this.#usersOf.get(service) ?? new Set();
      this.#usersOf.set(service, users.add(key));
    }
  }

  #drop(held: HeldResource): void {
    this.#pages.drop(held);
    for (const service of held.services) {
      const users = this.#usersOf.get(service);
      users?.delete(held.key);
      if (users?.size === 0) this.#usersOf.delete(service);
    }
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
    this.#use(held);
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
