/**
 * The key-value store of the embedded etcd: every revision kept until it is compacted. Keys are bytes,
 * held as Latin-1 text, so that comparing strings is comparing bytes.
 */

export interface StoredKey {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** "0": none. */
  readonly lease: string;
}

export interface StoreEvent {
  readonly type: "Put" | "Delete";
  /** Of a delete only key and modRevision say something. */
  readonly kv: StoredKey;
  readonly previous: StoredKey | undefined;
}

/** All events of one revision: they belong together. */
export interface StoreRevision {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

/** What etcd answers with an error; the text is etcd's own. */
export class EtcdFault extends Error {
  readonly code: "invalid-argument" | "out-of-range" | "not-found" | "failed-precondition";

  constructor(code: EtcdFault["code"], message: string) {
    super(`etcdserver: ${message}`);
    this.code = code;
  }
}

const EMPTY = Buffer.alloc(0);

/** The end of a range: undefined is the single key, "\0" everything from the key on. */
export type RangeEnd = string | undefined;

export class EtcdStore {
  readonly #keys = new Map<string, StoredKey>();
  /** Every version of a key since the compaction, oldest first; a delete has an undefined value. */
  readonly #versions = new Map<string, { revision: number; kv: StoredKey | undefined }[]>();
  readonly #listeners = new Set<(revision: StoreRevision) => void>();
  #history: StoreRevision[] = [];
  #sorted: string[] | undefined = [];
  #revision = 1;
  #compacted = 0;

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  /** Calls `listener` after every write; the answer stops that. */
  listen(listener: (revision: StoreRevision) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get(key: string): StoredKey | undefined {
    return this.#keys.get(key);
  }

  /** The keys of a range in order, as of `revision` (0: now). */
  range(key: string, end: RangeEnd, revision = 0): StoredKey[] {
    if (revision > this.#revision) {
      throw new EtcdFault("out-of-range", "mvcc: required revision is a future revision");
    }
    if (revision !== 0 && revision < this.#compacted) throw compacted();
    if (revision !== 0 && revision !== this.#revision) return this.#rangeAt(key, end, revision);
    if (end === undefined) {
      const held = this.#keys.get(key);
      return held ? [held] : [];
    }
    return this.#keysIn(key, end).map((each) => this.#keys.get(each) as StoredKey);
  }

  /** Runs `change` as one revision; without a write there is none. */
  transact<T>(change: (writes: Writes) => T): T {
    const events: StoreEvent[] = [];
    const revision = this.#revision + 1;
    const answer = change({
      put: (key, value, lease) => this.#put(key, value, lease, revision, events),
      delete: (key, end) => this.#delete(key, end, revision, events),
    });
    if (events.length === 0) return answer;
    this.#revision = revision;
    const entry = { revision, events };
    this.#history.push(entry);
    for (const listener of this.#listeners) listener(entry);
    return answer;
  }

  /** The history from `revision` on. */
  since(revision: number): StoreRevision[] {
    return this.#history.filter((entry) => entry.revision >= revision);
  }

  compact(revision: number): void {
    if (revision <= this.#compacted) throw compacted();
    if (revision > this.#revision) {
      throw new EtcdFault("out-of-range", "mvcc: required revision is a future revision");
    }
    this.#compacted = revision;
    this.#history = this.#history.filter((entry) => entry.revision >= revision);
    for (const [key, versions] of this.#versions) {
      const last = versions.findLastIndex((version) => version.revision <= revision);
      const kept = versions.slice(Math.max(0, last));
      if (kept.length === 1 && kept[0]?.kv === undefined) this.#versions.delete(key);
      else this.#versions.set(key, kept);
    }
  }

  #put(
    key: string,
    value: Buffer,
    lease: string,
    revision: number,
    events: StoreEvent[],
  ): StoredKey | undefined {
    const previous = this.#keys.get(key);
    const kv: StoredKey = {
      key,
      value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      lease,
    };
    if (!previous) this.#sorted = undefined;
    this.#keys.set(key, kv);
    this.#note(key, revision, kv);
    events.push({ type: "Put", kv, previous });
    return previous;
  }

  #delete(key: string, end: RangeEnd, revision: number, events: StoreEvent[]): StoredKey[] {
    const doomed = end === undefined ? [key] : this.#keysIn(key, end);
    const deleted: StoredKey[] = [];
    for (const each of doomed) {
      const previous = this.#keys.get(each);
      if (!previous) continue;
      this.#keys.delete(each);
      this.#note(each, revision, undefined);
      deleted.push(previous);
      events.push({ type: "Delete", kv: tombstone(each, revision), previous });
    }
    if (deleted.length > 0) this.#sorted = undefined;
    return deleted;
  }

  #note(key: string, revision: number, kv: StoredKey | undefined): void {
    const versions = this.#versions.get(key);
    if (versions) versions.push({ revision, kv });
    else this.#versions.set(key, [{ revision, kv }]);
  }

  #rangeAt(key: string, end: RangeEnd, revision: number): StoredKey[] {
    const wanted =
      end === undefined
        ? [key]
        : [...this.#versions.keys()].filter((each) => isIn(each, key, end)).sort();
    return wanted.flatMap((each) => {
      const found = this.#versions.get(each)?.findLast((version) => version.revision <= revision);
      return found?.kv ? [found.kv] : [];
    });
  }

  #keysIn(key: string, end: string): string[] {
    this.#sorted ??= [...this.#keys.keys()].sort();
    const from = lowerBound(this.#sorted, key);
    return this.#sorted.slice(from, end === "\0" ? undefined : lowerBound(this.#sorted, end));
  }
}

export interface Writes {
  /** The value before. */
  put(key: string, value: Buffer, lease: string): StoredKey | undefined;
  /** What was deleted. */
  delete(key: string, end: RangeEnd): StoredKey[];
}

export function isIn(key: string, from: string, end: RangeEnd): boolean {
  if (end === undefined) return key === from;
  return key >= from && (end === "\0" || key < end);
}

function compacted(): EtcdFault {
  return new EtcdFault("out-of-range", "mvcc: required revision has been compacted");
}

function tombstone(key: string, revision: number): StoredKey {
  return { key, value: EMPTY, createRevision: 0, modRevision: revision, version: 0, lease: "0" };
}

/** The first place whose key is not below `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
