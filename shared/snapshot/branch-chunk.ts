import {
  ANCESTOR_BYTES,
  ANCESTORS,
  BRANCH_MAGIC,
  COUNT,
  DIGEST_BYTES,
  FLAGS,
  HEAD_BYTES,
  IS_BRANCH,
  KEY,
  KEY_LENGTH,
  LENGTH,
  PREFIX_LENGTH,
  ROW_BYTES,
} from "./branch-layout.ts";
import { SnapshotError } from "./errors.ts";
import { MAX_CHUNK_BYTES, type TreeRef } from "./format.ts";
import { u32At } from "./little-endian.ts";

/**
 * FORMAT.md 5.1: a branch of a chunk tree names the chunks that hold its keys, in the order of the keys.
 * Keys are strings of bytes, one character each.
 */

/** Of a key, in leads of four. */
const LEAD_BYTES = 16;
const LATER_LEADS = LEAD_BYTES / 4 - 1;
const SIGN = 1 << 31;

/** A key that is looked for. Nobody asks for bytes before those that come before them. */
export interface SoughtKey {
  /** -1 from its end on. */
  byteAt(position: number): number;
  /** The four bytes from `position` on as `leadOf` makes them a number. */
  leadAt(position: number): number;
  /** How many of its bytes, beginning with that at `from`, equal those of `bytes[at, at + length)`. */
  sharedBytes(from: number, bytes: Uint8Array, at: number, length: number): number;
}

/** Where in `#leads` the leads begin, after the table by the very first byte. */
const LEADS = 257;

/** A branch read in place. Checks bounds as it goes; broken bytes throw `corrupt`. */
export class BranchChunk {
  readonly count: number;
  readonly flags: number;
  readonly #bytes: Uint8Array;
  readonly #name: string;
  readonly #prefixLength: number;
  readonly #prefixAt: number;
  /**
   * By the very first byte after the prefix: how many children but the first child begin with a lesser one.
   * Then the first lead of each child's key after the prefix, then three more of each: they decide nearly
   * every comparison, and most ways come to children whose keys are long alike. Made when a second key is
   * looked for: of the branches that are read many are not asked.
   */
  #leads: Int32Array | undefined;
  #wasSearched = false;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
    if (bytes.length < HEAD_BYTES || u32At(bytes, 0) !== BRANCH_MAGIC) {
      throw this.#corrupt("it does not begin as a branch");
    }
    this.count = u32At(bytes, COUNT);
    this.flags = u32At(bytes, FLAGS);
    this.#prefixLength = u32At(bytes, PREFIX_LENGTH);
    this.#prefixAt = HEAD_BYTES + this.count * ROW_BYTES;
    if (this.count === 0 || this.#prefixAt + this.#prefixLength > bytes.length) {
      throw this.#corrupt(`${this.count} children do not fit its length`);
    }
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /** The child in whose range `key` lies: the last whose least key is not more, else the first. */
  find(key: SoughtKey): number {
    const prefix = this.#prefixLength;
    const at = this.#prefixAt;
    const shared = key.sharedBytes(0, this.#bytes, at, prefix);
    if (shared < prefix) {
      const isLess = key.byteAt(shared) < (this.#bytes[at + shared] as number);
      return isLess ? 0 : this.count - 1;
    }
    const leads = this.#leads ?? this.#leadsFromNowOn();
    if (leads === undefined) return this.#findByRows(key);
    const first = key.leadAt(prefix);
    const second = key.leadAt(prefix + 4);
    const byte = topByte(first);
    let low = leads[byte] as number;
    let high = leads[byte + 1] as number;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const other = leads[LEADS + middle] as number;
      const isLess = first === other ? this.#isLess(key, second, leads, middle) : first < other;
      if (isLess) high = middle - 1;
      else low = middle;
    }
    return low;
  }

  ref(child: number): TreeRef {
    const row = this.#row(child);
    let sha256 = "";
    for (let i = 0; i < DIGEST_BYTES; i += 4) sha256 += hexOfFour(this.#bytes, row + i);
    const length = u32At(this.#bytes, row + LENGTH);
    if (length > MAX_CHUNK_BYTES) throw this.#corrupt(`a child of ${length} bytes`);
    return { sha256, length, isBranch: (this.#ancestors(row) & IS_BRANCH) !== 0 };
  }

  *refs(): IterableIterator<TreeRef> {
    for (let child = 0; child < this.count; child++) yield this.ref(child);
  }

  ancestorCount(child: number): number {
    return this.#ancestors(this.#row(child)) & ~IS_BRANCH;
  }

  /** FORMAT.md 5.1.5. */
  ancestor(child: number, which: number): number {
    const row = this.#row(child);
    const position = this.#keyAt(row) + this.#keyLength(row) + which * ANCESTOR_BYTES;
    if (which >= this.ancestorCount(child) || position + ANCESTOR_BYTES > this.#bytes.length) {
      throw this.#corrupt(`ancestor ${which} of child ${child} lies outside`);
    }
    return this.#u16(position);
  }

  /** How many of its first bytes `key` shares with the least key of `child`, which is not the first. */
  sharedLength(child: number, key: SoughtKey): number {
    const prefix = this.#prefixLength;
    const shared = key.sharedBytes(0, this.#bytes, this.#prefixAt, prefix);
    if (shared < prefix) return shared;
    const row = this.#row(child);
    return prefix + key.sharedBytes(prefix, this.#bytes, this.#keyAt(row), this.#keyLength(row));
  }

  /** For a child whose first lead is that of the key. */
  #isLess(key: SoughtKey, second: number, leads: Int32Array, child: number): boolean {
    const later = LEADS + this.count + LATER_LEADS * child;
    const other = leads[later] as number;
    if (second !== other) return second < other;
    for (let i = 1; i < LATER_LEADS; i++) {
      const own = key.leadAt(this.#prefixLength + 4 * i + 4);
      const other = leads[later + i] as number;
      if (own !== other) return own < other;
    }
    return this.#isLessBeyond(key, child);
  }

  /** For a child all of whose leads are those of the key. */
  #isLessBeyond(key: SoughtKey, child: number): boolean {
    const row = this.#row(child);
    const from = this.#prefixLength + LEAD_BYTES;
    const at = this.#keyAt(row) + LEAD_BYTES;
    const length = this.#keyLength(row) - LEAD_BYTES;
    // A key that is all in the lead is told from one that goes on with zeros.
    if (length <= 0) return key.byteAt(from + length - 1) < 0;
    const shared = key.sharedBytes(from, this.#bytes, at, length);
    if (shared === length) return false;
    return key.byteAt(from + shared) < (this.#bytes[at + shared] as number);
  }

  /** Undefined the first time: one search is cheaper than what makes all later ones cheap. */
  #leadsFromNowOn(): Int32Array | undefined {
    if (this.#wasSearched) return this.#readLeads();
    this.#wasSearched = true;
    return undefined;
  }

  #findByRows(key: SoughtKey): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#isBefore(key, this.#row(middle))) high = middle - 1;
      else low = middle;
    }
    return low;
  }

  /** Whether the key comes before that of a row. */
  #isBefore(key: SoughtKey, row: number): boolean {
    const at = this.#keyAt(row);
    const length = this.#keyLength(row);
    if (at + length > this.#bytes.length) throw this.#corrupt("a key lies outside");
    const shared = key.sharedBytes(this.#prefixLength, this.#bytes, at, length);
    if (shared === length) return false;
    return key.byteAt(this.#prefixLength + shared) < (this.#bytes[at + shared] as number);
  }

  /** Of what an isolate does before its first match this is much, and nothing of it is compiled then. */
  #readLeads(): Int32Array {
    const { count } = this;
    const bytes = this.#bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const leads = new Int32Array(LEADS + (1 + LATER_LEADS) * count);
    let greatest = -1;
    for (let child = 1; child < count; child++) {
      const row = HEAD_BYTES + child * ROW_BYTES;
      const at = view.getUint32(row + KEY, true);
      const end = at + view.getUint16(row + KEY_LENGTH, true);
      if (end > bytes.length) throw this.#corrupt("a key lies outside");
      const isLong = end - at >= LEAD_BYTES;
      const later = LEADS + count + LATER_LEADS * child;
      leads[LEADS + child] = isLong ? view.getInt32(at) ^ SIGN : leadOf(bytes, at, end);
      for (let i = 0; i < LATER_LEADS; i++) {
        const from = at + 4 * i + 4;
        leads[later + i] = isLong ? view.getInt32(from) ^ SIGN : leadOf(bytes, from, end);
      }
      const byte = at < end ? (bytes[at] as number) : 0;
      if (byte <= greatest) continue;
      leads.fill(child - 1, greatest + 1, byte + 1);
      greatest = byte;
    }
    leads.fill(count - 1, greatest + 1, LEADS);
    this.#leads = leads;
    return leads;
  }

  #u16(at: number): number {
    return (this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8);
  }

  #keyAt(row: number): number {
    const at = u32At(this.#bytes, row + KEY);
    if (at + this.#keyLength(row) > this.#bytes.length) throw this.#corrupt("a key lies outside");
    return at;
  }

  #keyLength(row: number): number {
    return this.#u16(row + KEY_LENGTH);
  }

  #ancestors(row: number): number {
    return this.#u16(row + ANCESTORS);
  }

  #row(child: number): number {
    if (child >= this.count) throw this.#corrupt(`child ${child} of ${this.count}`);
    return HEAD_BYTES + child * ROW_BYTES;
  }

  #corrupt(detail: string): SnapshotError {
    return new SnapshotError("corrupt", this.#name, detail);
  }
}

/** Of four bytes. Small integers order as the bytes do, and are quicker than those without a sign. */
export function leadOfFour(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) ^ SIGN;
}

/** What ends before the four bytes goes on with zeros. */
function leadOf(bytes: Uint8Array, at: number, end: number): number {
  const byteAt = (i: number) => (i < end ? (bytes[i] as number) : 0);
  return leadOfFour(byteAt(at), byteAt(at + 1), byteAt(at + 2), byteAt(at + 3));
}

/** `leadAt` of a key, by its bytes. */
export function leadByBytes(key: Pick<SoughtKey, "byteAt">, from: number): number {
  const byteAt = (i: number) => Math.max(key.byteAt(i), 0);
  return leadOfFour(byteAt(from), byteAt(from + 1), byteAt(from + 2), byteAt(from + 3));
}

/** `sharedBytes` of a key, by its bytes. */
export function sharedByBytes(
  key: Pick<SoughtKey, "byteAt">,
  ...[from, bytes, at, length]: Parameters<SoughtKey["sharedBytes"]>
): number {
  let shared = 0;
  while (shared < length && key.byteAt(from + shared) === bytes[at + shared]) shared++;
  return shared;
}

function topByte(lead: number): number {
  return (lead ^ SIGN) >>> 24;
}

function hexOfFour(bytes: Uint8Array, at: number): string {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const low = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  return (high * 65_536 + low).toString(16).padStart(8, "0");
}
