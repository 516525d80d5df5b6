import { SnapshotError } from "../snapshot/errors.ts";
import type { RouterName } from "../snapshot/format.ts";
import { Conditions } from "./conditions.ts";
import { EXACT_HOST, HOST_SUFFIX } from "./route-entry.ts";
import {
  CAPTURE_KINDS,
  ENTRY_CAPTURE,
  ENTRY_CONDITIONS,
  ENTRY_LAST,
  ENTRY_METHODS,
  ENTRY_STAR,
  HEADER,
  LONG_LENGTH,
  NODE_CHILDREN,
  NODE_EXACT,
  NODE_PREFIX,
  OFFSET_BYTES,
  PAGE_MAGIC,
  routerByNumber,
} from "./route-page-layout.ts";
import { decodeUri } from "./uri-bytes.ts";

export const NONE = -1;

const SUFFIX_BYTE = HOST_SUFFIX.charCodeAt(0);
const EXACT_BYTE = EXACT_HOST.charCodeAt(0);

/** What a walk down a path came by. Used again by the next walk: nothing of it outlives a match. */
export class PathTrail {
  /** The node at the end of the path, or NONE. */
  end = NONE;
  /** Nodes with prefix entries on the way, and how much of the path each takes. */
  readonly nodes: number[] = [];
  readonly lengths: number[] = [];
  count = 0;
}

/** What a walk down a host came by. */
export class HostTrail {
  /** The node at the end of the host that all its paths lie under, or NONE. */
  exact = NONE;
  /** How much of the host each suffix on the way takes, and the node of its paths. */
  readonly nodes: number[] = [];
  readonly lengths: number[] = [];
  count = 0;
}

/** An entry, its parts found; the one that was read last. */
export class EntryRow {
  flags = 0;
  idAt = 0;
  idLength = 0;
  methods = 0;
  /** Offset into the texts, or NONE. */
  conditions = NONE;
  restAt = 0;
  restLength = 0;
  /** Where the next entry begins. */
  end = 0;
}

/**
 * A page of the route index (INDEX.md 5.2), read in place; opening looks at the header alone. Every step
 * is held against the page's bounds and offsets only lead onwards, so bytes that are no page end in
 * `corrupt`, never in a walk without end.
 */
export class RoutePage {
  readonly router: RouterName;
  readonly entries: number;
  readonly bytes: Uint8Array;
  /** The node of the first byte of all hosts, and of all paths of any host; 0 where there is none. */
  readonly hostsAt: number;
  readonly anyHostAt: number;
  readonly #textsAt: number;
  readonly #name: string;
  /** By offset into the texts: what has been evaluated before stays parsed. */
  readonly #conditions = new Map<number, Conditions>();

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.#name = name;
    if (bytes.length < HEADER.bytes) throw this.corrupt("it is shorter than its header");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(HEADER.magic, true) !== PAGE_MAGIC) {
      throw this.corrupt("it does not begin as a page of a route index");
    }
    const number = view.getUint32(HEADER.router, true);
    const router = routerByNumber(number);
    if (!router) throw new SnapshotError("unsupported", name, `router number ${number}`);
    this.router = router;
    this.entries = view.getUint32(HEADER.entries, true);
    this.hostsAt = view.getUint32(HEADER.hosts, true);
    this.anyHostAt = view.getUint32(HEADER.anyHost, true);
    this.#textsAt = view.getUint32(HEADER.texts, true);
    if (this.#textsAt > bytes.length) throw this.corrupt("its texts lie outside");
  }

  /** Follows a reversed host, `key[start, end)`. */
  walkHost(key: Uint8Array, start: number, end: number, trail: HostTrail): void {
    const { bytes } = this;
    trail.exact = NONE;
    trail.count = 0;
    let taken = start;
    for (let node = this.hostsAt; node !== 0; taken++) {
      let at = this.#label(node);
      const labelEnd = at + this.#length;
      for (; at < labelEnd; at++, taken++) {
        if (taken === end || bytes[at] !== key[taken]) return;
      }
      if (((bytes[node] as number) & NODE_CHILDREN) === 0) throw this.corrupt("a host ends");
      const suffix = bytes[at + 1] === SUFFIX_BYTE ? this.#child(at, SUFFIX_BYTE, node) : 0;
      if (suffix !== 0) {
        trail.nodes[trail.count] = suffix;
        trail.lengths[trail.count++] = taken - start;
      }
      if (taken === end) {
        trail.exact = this.#child(at, EXACT_BYTE, node) || NONE;
        return;
      }
      node = this.#child(at, key[taken] as number, node);
    }
  }

  /** Follows a path, `key[start, end)`, from the node of its scope. */
  walkPath(scope: number, key: Uint8Array, start: number, end: number, trail: PathTrail): void {
    const { bytes } = this;
    trail.end = NONE;
    trail.count = 0;
    let taken = start;
    for (let node = scope; node !== 0; taken++) {
      let at = this.#label(node);
      const labelEnd = at + this.#length;
      if (labelEnd - at > end - taken) return;
      for (; at < labelEnd; at++, taken++) if (bytes[at] !== key[taken]) return;
      const flags = bytes[node] as number;
      if ((flags & NODE_PREFIX) !== 0) {
        trail.nodes[trail.count] = node;
        trail.lengths[trail.count++] = taken - start;
      }
      if (taken === end) {
        trail.end = node;
        return;
      }
      if ((flags & NODE_CHILDREN) === 0) return;
      node = this.#child(at, key[taken] as number, node);
    }
  }

  /** Where the node's exact entries begin, or NONE. */
  exactEntries(node: number): number {
    const flags = this.bytes[node] as number;
    if ((flags & NODE_EXACT) === 0) return NONE;
    return this.#entriesAt(node) + ((flags & NODE_PREFIX) !== 0 ? OFFSET_BYTES : 0);
  }

  /** Where the node's prefix entries begin, or NONE. */
  prefixEntries(node: number): number {
    const flags = this.bytes[node] as number;
    if ((flags & NODE_PREFIX) === 0) return NONE;
    const at = this.#entriesAt(node);
    return (flags & NODE_EXACT) !== 0 ? this.#onwards(at, at) : at;
  }

  /** Reads the entry at `at`; `isPrefix` as its list is. */
  readEntry(at: number, isPrefix: boolean, row: EntryRow): void {
    const { bytes } = this;
    if (at >= this.#textsAt) throw this.corrupt("an entry lies outside");
    const flags = bytes[at] as number;
    row.flags = flags;
    row.idAt = this.#text(at + 1);
    row.idLength = this.#length;
    let next = row.idAt + row.idLength;
    row.methods = 0;
    if ((flags & ENTRY_METHODS) !== 0) {
      row.methods = (bytes[next] as number) | ((bytes[next + 1] as number) << 8);
      next += 2;
    }
    row.conditions = NONE;
    if ((flags & ENTRY_CONDITIONS) !== 0) {
      row.conditions = this.#offset(next);
      next += OFFSET_BYTES;
    }
    row.restLength = 0;
    if (isPrefix && (flags & ENTRY_STAR) === 0) {
      row.restAt = this.#text(next);
      row.restLength = this.#length;
      next = row.restAt + row.restLength;
    }
    row.end = next;
  }

  isLast(row: EntryRow): boolean {
    return (row.flags & ENTRY_LAST) !== 0;
  }

  captureOf(row: EntryRow): (typeof CAPTURE_KINDS)[number] {
    return CAPTURE_KINDS[Math.floor(row.flags / ENTRY_CAPTURE) & 3] as "none";
  }

  /** Whether the rest of the pattern is a star alone. */
  isStar(row: EntryRow): boolean {
    return (row.flags & ENTRY_STAR) !== 0;
  }

  /** What of the pattern follows the prefix. */
  restOf(row: EntryRow): string {
    if ((row.flags & ENTRY_STAR) !== 0) return "*";
    return decodeUri(this.bytes, row.restAt, row.restAt + row.restLength);
  }

  idOf(row: EntryRow): string {
    const { bytes } = this;
    let id = "";
    for (let i = row.idAt; i < row.idAt + row.idLength; i++) {
      id += String.fromCharCode(bytes[i] as number);
    }
    return id;
  }

  conditionsAt(offset: number): Conditions {
    const known = this.#conditions.get(offset);
    if (known) return known;
    const at = this.#textsAt + offset;
    const length = this.#offset(at);
    const from = at + OFFSET_BYTES;
    if (from + length > this.bytes.length) throw this.corrupt("conditions lie outside");
    const conditions = new Conditions(this.bytes.subarray(from, from + length), this.#name);
    this.#conditions.set(offset, conditions);
    return conditions;
  }

  corrupt(detail: string): SnapshotError {
    return new SnapshotError("corrupt", this.#name, detail);
  }

  /** Of the label or text that was found last. */
  #length = 0;

  #label(node: number): number {
    if (node >= this.#textsAt) throw this.corrupt("a node lies outside");
    return this.#text(node + 1);
  }

  /** Where the text whose length lies at `at` begins; `#length` is set. */
  #text(at: number): number {
    const { bytes } = this;
    let from = at + 1;
    let length = bytes[at] as number;
    if (length === LONG_LENGTH) {
      length = (bytes[from] as number) | ((bytes[from + 1] as number) << 8);
      from += 2;
    }
    if (!(from + length <= this.#textsAt)) throw this.corrupt("a text lies outside");
    this.#length = length;
    return from;
  }

  /** The child of `node` by that byte, or 0; `at` is where its table begins. */
  #child(at: number, byte: number, node: number): number {
    const { bytes } = this;
    const count = (bytes[at] as number) + 1;
    let low = at + 1;
    let high = at + count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((bytes[middle] as number) < byte) low = middle + 1;
      else high = middle;
    }
    if (bytes[low] !== byte || low > at + count) return 0;
    return this.#onwards(at + 1 + count + (low - at - 1) * OFFSET_BYTES, node);
  }

  #entriesAt(node: number): number {
    const at = this.#label(node) + this.#length;
    if (((this.bytes[node] as number) & NODE_CHILDREN) === 0) return at;
    const count = (this.bytes[at] as number) + 1;
    return at + 1 + count * (1 + OFFSET_BYTES);
  }

  /** The offset at `at`, which leads beyond `from`. */
  #onwards(at: number, from: number): number {
    const offset = this.#offset(at);
    if (!(offset > from && offset < this.#textsAt)) throw this.corrupt("an offset leads nowhere");
    return offset;
  }

  #offset(at: number): number {
    const { bytes } = this;
    if (at + OFFSET_BYTES > bytes.length) throw this.corrupt("an offset lies outside");
    return (
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    );
  }
}
