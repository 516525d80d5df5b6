import { MAX_CHUNK_BYTES, type RouterName } from "../snapshot/format.ts";
import {
  ANY_HOST,
  ENTRY_ROW,
  EXACT_HOST,
  EXACT_PATH,
  HEADER_BYTES,
  HEADER_FIELDS,
  type HeaderField,
  HOST_IS_SUFFIX,
  HOST_ROW,
  HOST_SUFFIX,
  HOST_TAKES_HEADER,
  hashSeed,
  hashStep,
  KEY_ROW,
  type KeyKind,
  keyHash,
  keyTag,
  MAGIC,
  MAX_PROBES,
  methodBit,
  NO_KNOWN_METHOD,
  PATH_PREFIX,
  ROUTE_ROW,
  ROUTER_NUMBERS,
  SLOT_ROW,
  U32_BYTES,
} from "./index-layout.ts";
import { pathEntry } from "./path-pattern.ts";
import type { IndexedRoute } from "./route-index.ts";

const SEEDS_PER_SIZE = 8;
const MAX_SLOTS = 2 ** 23;

/**
 * The bytes of a route index (INDEX.md). The same routes in any order give the same bytes: they are
 * entered in the order of their ids, which is the order of their keys. Throws a RangeError where the
 * index does not fit into a chunk.
 */
export function buildRouteIndex(router: RouterName, routes: readonly IndexedRoute[]): Uint8Array {
  const sorted = [...routes].sort((a, b) => compareTexts(a.id, b.id));
  const draft = new Draft(router);
  for (const route of sorted) draft.add(route);
  return draft.encode();
}

interface TextRef {
  readonly at: number;
  readonly length: number;
}

interface Entry {
  readonly route: number;
  readonly pattern: TextRef;
  readonly methods: number;
  readonly priority: number;
  readonly firstHost: number;
  readonly hosts: number;
}

interface Key {
  readonly tag: number;
  readonly text: TextRef;
  readonly entries: Entry[];
  /** The scope that a host key leads to. */
  readonly scope: number;
}

class Draft {
  readonly #router: RouterName;
  readonly #texts = new TextPool();
  readonly #routes: TextRef[] = [];
  readonly #hosts: { readonly text: TextRef; readonly flags: number }[] = [];
  readonly #keys = new Map<string, Key>();
  #scopes = 0;
  #longestPrefix = 0;

  constructor(router: RouterName) {
    this.#router = router;
  }

  add(route: IndexedRoute): void {
    const number = this.#routes.push(this.#texts.put(route.id)) - 1;
    const hostsDecideFirst = this.#router === "radixtree_host_uri";
    const firstHost = this.#hosts.length;
    if (!hostsDecideFirst) for (const host of route.hosts) this.#addHostCondition(host);
    const entry = {
      route: number,
      methods: methodMask(route.methods),
      priority: route.priority,
      firstHost,
      hosts: this.#hosts.length - firstHost,
    };
    const scopes =
      hostsDecideFirst && route.hosts.length > 0
        ? new Set(route.hosts.map((host) => this.#scopeOf(host)))
        : [ANY_HOST];
    for (const scope of scopes) {
      for (const uri of route.uris) this.#addPath(scope, uri, entry);
    }
  }

  #addPath(scope: number, uri: string, entry: Omit<Entry, "pattern">): void {
    const pattern = this.#texts.put(uri);
    const { kind, text } = pathEntry(this.#router, uri);
    const key = this.#key(scope, kind === "exact" ? EXACT_PATH : PATH_PREFIX, text);
    if (kind === "prefix") this.#longestPrefix = Math.max(this.#longestPrefix, key.text.length);
    key.entries.push({ ...entry, pattern });
  }

  #addHostCondition(pattern: string): void {
    const isSuffix = pattern.startsWith("*");
    const text = this.#texts.put(reversed(isSuffix ? pattern.slice(1) : pattern));
    const takesHeader = pattern.includes(":");
    const flags = (isSuffix ? HOST_IS_SUFFIX : 0) | (takesHeader ? HOST_TAKES_HEADER : 0);
    this.#hosts.push({ text, flags });
  }

  #scopeOf(pattern: string): number {
    const star = pattern.lastIndexOf("*");
    const kind = star < 0 ? EXACT_HOST : HOST_SUFFIX;
    return this.#key(ANY_HOST, kind, reversed(pattern.slice(star + 1))).scope;
  }

  #key(scope: number, kind: KeyKind, text: string): Key {
    const tag = keyTag(scope, kind);
    const name = `${tag} ${text}`;
    const known = this.#keys.get(name);
    if (known) return known;
    const leadsTo = kind === EXACT_HOST || kind === HOST_SUFFIX ? ++this.#scopes : ANY_HOST;
    const key = { tag, text: this.#texts.put(text), entries: [], scope: leadsTo };
    this.#keys.set(name, key);
    return key;
  }

  encode(): Uint8Array {
    const keys = [...this.#keys.values()];
    for (const key of keys) key.entries.sort(compareEntries);
    const entries = keys.flatMap((key) => key.entries);
    const texts = this.#texts.bytes();
    const table = placeKeys(keys, texts);
    const header: Record<HeaderField, number> = {
      magic: MAGIC,
      router: ROUTER_NUMBERS[this.#router],
      seed: table.seed,
      longestPrefix: this.#longestPrefix,
      routes: this.#routes.length,
      hosts: this.#hosts.length,
      entries: entries.length,
      keys: keys.length,
      slots: table.slots.length,
      textBytes: texts.length,
    };
    const rows = new Rows(header);
    for (const field of HEADER_FIELDS) rows.put(header[field]);
    for (const id of this.#routes) rows.put(id.at, id.length);
    for (const { text, flags } of this.#hosts) rows.put(text.at, text.length, flags);
    for (const { route, pattern, methods, firstHost, hosts } of entries) {
      rows.put(route, pattern.at, pattern.length, methods, firstHost, hosts);
    }
    let first = 0;
    for (const { tag, text, entries: own, scope } of keys) {
      rows.put(tag, text.at, text.length, scope === ANY_HOST ? first : scope, own.length);
      first += own.length;
    }
    for (const slot of table.slots) rows.put(slot?.hash ?? 0, slot ? slot.key + 1 : 0);
    return rows.finish(texts);
  }
}

interface Slot {
  readonly hash: number;
  readonly key: number;
}

interface SlotTable {
  readonly seed: number;
  readonly slots: readonly (Slot | undefined)[];
}

/** INDEX.md 5.1.7: the smallest table, then the smallest seed, that needs at most MAX_PROBES. */
function placeKeys(keys: readonly Key[], texts: Uint8Array): SlotTable {
  let size = 2;
  while (size < keys.length * 2) size *= 2;
  for (; size <= MAX_SLOTS; size *= 2) {
    for (let seed = 0; seed < SEEDS_PER_SIZE; seed++) {
      const slots = tryPlace(keys, texts, size, seed);
      if (slots) return { seed, slots };
    }
  }
  throw new RangeError(`${keys.length} paths and hosts are more than a route index can hold`);
}

function tryPlace(
  keys: readonly Key[],
  texts: Uint8Array,
  size: number,
  seed: number,
): readonly (Slot | undefined)[] | undefined {
  const slots = new Array<Slot | undefined>(size).fill(undefined);
  for (const [key, { tag, text }] of keys.entries()) {
    let textHash = hashSeed(seed);
    for (let i = 0; i < text.length; i++) {
      textHash = hashStep(textHash, texts[text.at + i] as number);
    }
    const hash = keyHash(textHash, tag);
    let probes = 0;
    while (slots[(hash + probes) & (size - 1)]) probes++;
    if (probes >= MAX_PROBES) return undefined;
    slots[(hash + probes) & (size - 1)] = { hash, key };
  }
  return slots;
}

/** Texts in UTF-8, each once. */
class TextPool {
  readonly #encoder = new TextEncoder();
  readonly #known = new Map<string, TextRef>();
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  put(text: string): TextRef {
    const known = this.#known.get(text);
    if (known) return known;
    const bytes = this.#encoder.encode(text);
    const ref = { at: this.#size, length: bytes.length };
    this.#known.set(text, ref);
    this.#parts.push(bytes);
    this.#size += bytes.length;
    return ref;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

class Rows {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(header: Readonly<Record<HeaderField, number>>) {
    const size =
      HEADER_BYTES +
      header.routes * ROUTE_ROW.bytes +
      header.hosts * HOST_ROW.bytes +
      header.entries * ENTRY_ROW.bytes +
      header.keys * KEY_ROW.bytes +
      header.slots * SLOT_ROW.bytes +
      header.textBytes;
    if (size > MAX_CHUNK_BYTES) {
      throw new RangeError(
        `a route index of ${header.routes} routes takes ${size} bytes, a chunk ${MAX_CHUNK_BYTES}`,
      );
    }
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  put(...fields: readonly number[]): void {
    for (const field of fields) {
      this.#view.setUint32(this.#at, field, true);
      this.#at += U32_BYTES;
    }
  }

  finish(texts: Uint8Array): Uint8Array {
    this.#bytes.set(texts, this.#at);
    return this.#bytes;
  }
}

/** INDEX.md 5.1.8: what wins under one key. The sort is stable, so ties keep the order of keys. */
function compareEntries(a: Entry, b: Entry): number {
  return b.priority - a.priority || b.pattern.length - a.pattern.length;
}

function methodMask(methods: readonly string[]): number {
  let mask = 0;
  for (const method of methods) mask |= methodBit(method) || NO_KNOWN_METHOD;
  return mask >>> 0;
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
