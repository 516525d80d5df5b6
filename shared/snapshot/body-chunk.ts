import { SnapshotError } from "./errors.ts";

/**
 * FORMAT.md 5.3: a body chunk holds the JSON texts of resources whose keys lie side by side, sorted by
 * key, so that a reader finds one by binary search and parses no other.
 */

/** FORMAT.md 5.3.1: "SGB1", little-endian. */
export const BODY_MAGIC = 0x31424753;
const HEAD_BYTES = 8;
const ROW_BYTES = 16;

/** FORMAT.md 5.3: a resource as it lies in a body chunk. */
export interface Body {
  /** The resource's key below the prefix, e.g. `routes/1`; ASCII, as all keys of resources are. */
  readonly key: string;
  /** `{"value": …, "modRevision": n}`; may be made when asked for. */
  readonly json: string;
  /** `json.length`. */
  readonly length: number;
}

/** Deterministic: the same bodies in any order give the same bytes. */
export function encodeBodyChunk(bodies: readonly Pick<Body, "key" | "json">[]): Uint8Array {
  const rows = bodies
    .map((body) => ({ key: encoder.encode(body.key), json: encoder.encode(body.json) }))
    .sort((a, b) => compareBytes(a.key, b.key));
  let size = HEAD_BYTES + rows.length * ROW_BYTES;
  for (const row of rows) size += row.key.length + row.json.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BODY_MAGIC, true);
  view.setUint32(4, rows.length, true);
  let at = HEAD_BYTES + rows.length * ROW_BYTES;
  for (const [i, row] of rows.entries()) {
    const head = HEAD_BYTES + i * ROW_BYTES;
    for (const [j, part] of [row.key, row.json].entries()) {
      view.setUint32(head + j * 8, at, true);
      view.setUint32(head + j * 8 + 4, part.length, true);
      bytes.set(part, at);
      at += part.length;
    }
  }
  return bytes;
}

/** A body chunk read in place. Checks bounds as it goes; broken bytes throw `corrupt`. */
export class BodyChunk {
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
    if (bytes.length < HEAD_BYTES || this.#view.getUint32(0, true) !== BODY_MAGIC) {
      throw new SnapshotError("corrupt", name, "it does not begin as a body chunk");
    }
    this.count = this.#view.getUint32(4, true);
    if (HEAD_BYTES + this.count * ROW_BYTES > bytes.length) {
      throw new SnapshotError("corrupt", name, `${this.count} bodies do not fit its length`);
    }
  }

  /** The parsed JSON of `key`, or undefined where this chunk has none. */
  find(key: string): unknown {
    const row = this.#row(key);
    return row === undefined ? undefined : this.#parse(row);
  }

  /** The JSON of `key` as it is written, or undefined where this chunk has none. */
  text(key: string): string | undefined {
    const row = this.#row(key);
    return row === undefined ? undefined : this.#text(row, 8);
  }

  /** All keys, in order. */
  *keys(): Generator<string> {
    for (let row = 0; row < this.count; row++) yield this.#text(row, 0);
  }

  /** All bodies, in key order. */
  *bodies(): Generator<{ readonly key: string; readonly value: unknown }> {
    for (let row = 0; row < this.count; row++) {
      yield { key: this.#text(row, 0), value: this.#parse(row) };
    }
  }

  #row(key: string): number | undefined {
    const wanted = encoder.encode(key);
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = compareBytes(this.#part(middle, 0), wanted);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #parse(row: number): unknown {
    const text = this.#text(row, 8);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new SnapshotError("corrupt", this.#name, `body ${row} is not JSON`, { cause });
    }
  }

  #text(row: number, column: 0 | 8): string {
    const bytes = this.#part(row, column);
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new SnapshotError("corrupt", this.#name, `body ${row} is not UTF-8`, { cause });
    }
  }

  #part(row: number, column: 0 | 8): Uint8Array {
    const at = HEAD_BYTES + row * ROW_BYTES + column;
    const offset = this.#view.getUint32(at, true);
    const length = this.#view.getUint32(at + 4, true);
    if (offset + length > this.#bytes.length) {
      throw new SnapshotError("corrupt", this.#name, `body ${row} lies outside the chunk`);
    }
    return this.#bytes.subarray(offset, offset + length);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
