import { SnapshotError } from "../snapshot/errors.ts";
import { ROUTER_NAMES, type RouterName } from "../snapshot/format.ts";
import type { Facts } from "./facts.ts";
import { HashedText } from "./hashed-text.ts";
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
  KEY_ROW,
  type KeyKind,
  keyHash,
  keyTag,
  MAGIC,
  MAX_PROBES,
  methodBit,
  PATH_PREFIX,
  ROUTE_ROW,
  ROUTER_NUMBERS,
  SLOT_ROW,
  U32_BYTES,
} from "./index-layout.ts";
import { type Capture, matchPattern } from "./path-pattern.ts";
import type { RouteIndex, RouteMatch } from "./route-index.ts";
import { decodeUri } from "./uri-bytes.ts";

/**
 * Opens a route index (INDEX.md) without work per route. `name` is the chunk's, for errors. Bytes that
 * are no index throw `corrupt` here or, where the fault lies in a row, when a match comes to it.
 */
export function openRouteIndex(bytes: Uint8Array, name: string): RouteIndex {
  return new PackedIndex(bytes, name);
}

const NOT_FOUND = -1;

class PackedIndex implements RouteIndex {
  readonly router: RouterName;
  readonly routes: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #counts: Readonly<Record<HeaderField, number>>;
  readonly #seed: number;
  readonly #hostsAt: number;
  readonly #entriesAt: number;
  readonly #keysAt: number;
  readonly #slotsAt: number;
  readonly #textsAt: number;
  readonly #path = new HashedText();
  readonly #host = new HashedText();
  readonly #hostHeader = new HashedText();
  /** Entries that the match in hand may still try: no key is met twice, so all of them at most. */
  #entriesLeft = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
    const counts = this.#readHeader();
    const router = ROUTER_NAMES.find((known) => ROUTER_NUMBERS[known] === counts.router);
    if (!router) throw new SnapshotError("unsupported", name, `router number ${counts.router}`);
    this.router = router;
    this.routes = counts.routes;
    this.#counts = counts;
    this.#seed = hashSeed(counts.seed);
    this.#hostsAt = HEADER_BYTES + counts.routes * ROUTE_ROW.bytes;
    this.#entriesAt = this.#hostsAt + counts.hosts * HOST_ROW.bytes;
    this.#keysAt = this.#entriesAt + counts.entries * ENTRY_ROW.bytes;
    this.#slotsAt = this.#keysAt + counts.keys * KEY_ROW.bytes;
    this.#textsAt = this.#slotsAt + counts.slots * SLOT_ROW.bytes;
    if (this.#textsAt + counts.textBytes !== bytes.length) {
      throw this.#corrupt("its sections do not add up to its length");
    }
    if (counts.slots <= counts.keys || (counts.slots & (counts.slots - 1)) !== 0) {
      throw this.#corrupt(`${counts.slots} slots for ${counts.keys} keys`);
    }
  }

  match(facts: Facts): RouteMatch | undefined {
    this.#entriesLeft = this.#counts.entries;
    this.#path.read(facts.uri, this.#seed);
    this.#host.readReversed(facts.host, this.#seed);
    const method = methodBit(facts.method);
    if (this.router !== "radixtree_host_uri") {
      this.#hostHeader.readReversed(facts.hostHeader, this.#seed);
      return this.#matchScope(ANY_HOST, method, undefined);
    }
    return this.#matchHosts(method) ?? this.#matchScope(ANY_HOST, method, undefined);
  }

  /** INDEX.md 5.1.8: the exact host, then the longest suffix, each with all of its paths. */
  #matchHosts(method: number): RouteMatch | undefined {
    const { length } = this.#host;
    const exact = this.#find(ANY_HOST, EXACT_HOST, this.#host, length);
    if (exact !== NOT_FOUND) {
      const found = this.#matchScope(this.#scopeOf(exact), method, this.#hostText(length, ""));
      if (found) return found;
    }
    for (let size = length; size >= 0; size--) {
      const suffix = this.#find(ANY_HOST, HOST_SUFFIX, this.#host, size);
      if (suffix === NOT_FOUND) continue;
      const found = this.#matchScope(this.#scopeOf(suffix), method, this.#hostText(size, "*"));
      if (found) return found;
    }
    return undefined;
  }

  #matchScope(scope: number, method: number, host: string | undefined): RouteMatch | undefined {
    const path = this.#path;
    const exact = this.#find(scope, EXACT_PATH, path, path.length);
    if (exact !== NOT_FOUND) {
      const found = this.#matchEntries(exact, EXACT_PATH, method, host);
      if (found) return found;
    }
    for (let size = Math.min(path.length, this.#counts.longestPrefix); size >= 0; size--) {
      const prefix = this.#find(scope, PATH_PREFIX, path, size);
      if (prefix === NOT_FOUND) continue;
      const found = this.#matchEntries(prefix, PATH_PREFIX, method, host);
      if (found) return found;
    }
    return undefined;
  }

  /** The entries of one key, in their order; the first whose conditions all hold. */
  #matchEntries(
    key: number,
    kind: KeyKind,
    method: number,
    scopeHost: string | undefined,
  ): RouteMatch | undefined {
    const row = this.#keysAt + key * KEY_ROW.bytes;
    const first = this.#u32(row + KEY_ROW.first);
    const count = this.#u32(row + KEY_ROW.count);
    this.#entriesLeft -= count;
    if (first + count > this.#counts.entries || this.#entriesLeft < 0) {
      throw this.#corrupt(`key ${key} has entries that are not its own`);
    }
    for (let i = first; i < first + count; i++) {
      const entry = this.#entriesAt + i * ENTRY_ROW.bytes;
      const methods = this.#u32(entry + ENTRY_ROW.methods);
      if (methods !== 0 && (methods & method) === 0) continue;
      const hosts = this.#u32(entry + ENTRY_ROW.hosts);
      const host = hosts === 0 ? scopeHost : this.#matchHostConditions(entry, hosts);
      if (hosts !== 0 && host === undefined) continue;
      const pattern = this.#text(entry + ENTRY_ROW.pattern);
      const path = this.#path.bytes.subarray(0, this.#path.length);
      const captures = kind === EXACT_PATH ? [] : matchPattern(pattern, path);
      if (captures) return this.#describe(entry, pattern, captures, host);
    }
    return undefined;
  }

  /** The first of the entry's host patterns that holds, as text; INDEX.md 5.1.4. */
  #matchHostConditions(entry: number, count: number): string | undefined {
    const first = this.#u32(entry + ENTRY_ROW.firstHost);
    if (first + count > this.#counts.hosts) {
      throw this.#corrupt("an entry has hosts outside the index");
    }
    for (let i = first; i < first + count; i++) {
      const row = this.#hostsAt + i * HOST_ROW.bytes;
      const flags = this.#u32(row + HOST_ROW.flags);
      const host = flags & HOST_TAKES_HEADER ? this.#hostHeader : this.#host;
      const isSuffix = (flags & HOST_IS_SUFFIX) !== 0;
      const length = this.#u32(row + HOST_ROW.length);
      if (isSuffix ? length > host.length : length !== host.length) continue;
      const text = this.#text(row + HOST_ROW.text);
      if (!beginsWith(host.bytes, text)) continue;
      return (isSuffix ? "*" : "") + forwards(text);
    }
    return undefined;
  }

  #describe(
    entry: number,
    pattern: Uint8Array,
    captures: readonly Capture[],
    host: string | undefined,
  ): RouteMatch {
    const route = this.#u32(entry + ENTRY_ROW.route);
    if (route >= this.routes) throw this.#corrupt(`an entry of route ${route} of ${this.routes}`);
    const id = this.#text(HEADER_BYTES + route * ROUTE_ROW.bytes);
    // No prototype: a parameter may be called `__proto__`.
    const params: Record<string, string> = Object.create(null);
    for (const { name, nameEnd, from, to } of captures) {
      const known = decodeUri(pattern, name, nameEnd);
      params[known === "" ? ":ext" : known] = decodeUri(this.#path.bytes, from, to);
    }
    const path = decodeUri(pattern, 0, pattern.length);
    return { routeId: decodeUri(id, 0, id.length), path, host, params };
  }

  /** The row of the key, or NOT_FOUND; INDEX.md 5.1.7. */
  #find(scope: number, kind: KeyKind, text: HashedText, length: number): number {
    const tag = keyTag(scope, kind);
    const hash = keyHash(text.hashes[length] as number, tag);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = this.#slotsAt + ((hash + probe) & (this.#counts.slots - 1)) * SLOT_ROW.bytes;
      const key = this.#u32(slot + SLOT_ROW.key) - 1;
      if (key < 0) return NOT_FOUND;
      if (this.#u32(slot + SLOT_ROW.hash) !== hash) continue;
      if (key >= this.#counts.keys) throw this.#corrupt(`key ${key} of ${this.#counts.keys}`);
      const row = this.#keysAt + key * KEY_ROW.bytes;
      if (this.#u32(row + KEY_ROW.tag) !== tag) continue;
      if (this.#u32(row + KEY_ROW.length) !== length) continue;
      if (beginsWith(text.bytes, this.#text(row + KEY_ROW.text))) return key;
    }
    return NOT_FOUND;
  }

  #scopeOf(hostKey: number): number {
    return this.#u32(this.#keysAt + hostKey * KEY_ROW.bytes + KEY_ROW.first);
  }

  #hostText(length: number, star: "" | "*"): string {
    return star + forwards(this.#host.bytes.subarray(0, length));
  }

  /** The text whose offset and length lie at `at`. */
  #text(at: number): Uint8Array {
    const offset = this.#u32(at);
    const length = this.#u32(at + U32_BYTES);
    if (offset + length > this.#counts.textBytes) {
      throw this.#corrupt("a text lies outside the index");
    }
    const from = this.#textsAt + offset;
    return this.#bytes.subarray(from, from + length);
  }

  #readHeader(): Readonly<Record<HeaderField, number>> {
    if (this.#bytes.length < HEADER_BYTES) throw this.#corrupt("it is shorter than its header");
    const field = (name: HeaderField) => this.#u32(HEADER_FIELDS.indexOf(name) * U32_BYTES);
    if (field("magic") !== MAGIC) throw this.#corrupt("it does not begin as a route index");
    return {
      magic: MAGIC,
      router: field("router"),
      seed: field("seed"),
      longestPrefix: field("longestPrefix"),
      routes: field("routes"),
      hosts: field("hosts"),
      entries: field("entries"),
      keys: field("keys"),
      slots: field("slots"),
      textBytes: field("textBytes"),
    };
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #corrupt(detail: string): SnapshotError {
    return new SnapshotError("corrupt", this.#name, detail);
  }
}

function beginsWith(bytes: Uint8Array, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[i] !== text[i]) return false;
  }
  return true;
}

/** The text of a host that lies last character first. */
function forwards(text: Uint8Array): string {
  return [...decodeUri(text, 0, text.length)].reverse().join("");
}
