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
  MAX_KEY_BYTES,
  PREFIX_LENGTH,
  ROW_BYTES,
} from "./branch-layout.ts";
import type { TreeRef } from "./format.ts";
import { u32At } from "./little-endian.ts";

export interface BranchChild {
  /** The least key below the child; that of the first child is not written. */
  readonly key: string;
  readonly ref: TreeRef;
  /** FORMAT.md 5.1.5, in ascending order; only route indexes have any. */
  readonly ancestors: readonly number[];
}

/** A branch, and the children it was made from. */
export interface EncodedBranch {
  readonly children: readonly BranchChild[];
  readonly bytes: Uint8Array;
}

/**
 * FORMAT.md 5.1.3. With `before`, at best a branch of nearly the same children, the bytes are the same as
 * without: what it says of a child that is the same object is copied. There may be hundreds, and in a large
 * table none of them is in a processor's cache. Throws a RangeError for a key of more than 32 KiB.
 */
export function encodeBranch(
  children: readonly BranchChild[],
  flags = 0,
  before?: EncodedBranch,
): Uint8Array {
  const prefix = sharedPrefix(children[1]?.key ?? "", children.at(-1)?.key ?? "");
  const known = knownRows(children, prefix, before);
  const old = viewOf(before?.bytes ?? NO_BYTES);
  // As they are written: without the prefix, and of the first child none.
  const keyOf = (i: number) => (i === 0 ? "" : checkedKey(children[i]).slice(prefix));
  const texts = HEAD_BYTES + children.length * ROW_BYTES;
  let size = texts + prefix;
  for (let i = 0; i < children.length; i++) {
    const row = known[i] as number;
    if (row > 0) size += textBytesAt(old, row);
    else size += keyOf(i).length + (children[i]?.ancestors.length ?? 0) * ANCESTOR_BYTES;
  }
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  view.setUint32(0, BRANCH_MAGIC, true);
  view.setUint32(COUNT, children.length, true);
  view.setUint32(FLAGS, flags, true);
  view.setUint32(PREFIX_LENGTH, prefix, true);
  let at = writeText(view, texts, (children[1]?.key ?? "").slice(0, prefix));
  for (let i = 0; i < children.length; i++) {
    const row = HEAD_BYTES + i * ROW_BYTES;
    const from = known[i] as number;
    if (from > 0) at = copyChild(old, from, view, row, at);
    else at = writeChild(view, row, at, { ...(children[i] as BranchChild), key: keyOf(i) });
  }
  return bytes;
}

const NO_BYTES = new Uint8Array();

/** Where in `before` the row of each child lies; 0: it is to be written. */
function knownRows(
  children: readonly BranchChild[],
  prefix: number,
  before: EncodedBranch | undefined,
): Int32Array {
  const rows = new Int32Array(children.length);
  // What two sets of keys share is the same where they have a key in common and it is as long.
  if (!before || u32At(before.bytes, PREFIX_LENGTH) !== prefix) return rows;
  const shift = before.children.length - children.length;
  // Of a first child the key is not written.
  for (let i = 1; i < children.length; i++) {
    const place = before.children[i] === children[i] ? i : i + shift;
    if (place > 0 && before.children[place] === children[i]) {
      rows[i] = HEAD_BYTES + place * ROW_BYTES;
    }
  }
  return rows;
}

function checkedKey(child: BranchChild | undefined): string {
  const key = child?.key ?? "";
  if (key.length > MAX_KEY_BYTES) throw new RangeError(`a key of ${key.length} bytes`);
  return key;
}

/** Writes a row, and at `at` its texts; returns where they end. */
function writeChild(view: DataView, row: number, at: number, child: BranchChild): number {
  const { key, ref, ancestors } = child;
  for (let i = 0; i < DIGEST_BYTES; i++) {
    const high = hexDigit(ref.sha256.charCodeAt(2 * i));
    view.setUint8(row + i, (high << 4) | hexDigit(ref.sha256.charCodeAt(2 * i + 1)));
  }
  view.setUint32(row + LENGTH, ref.length, true);
  view.setUint32(row + KEY, at, true);
  view.setUint16(row + KEY_LENGTH, key.length, true);
  view.setUint16(row + ANCESTORS, ancestors.length | (ref.isBranch ? IS_BRANCH : 0), true);
  let end = writeText(view, at, key);
  for (const ancestor of ancestors) {
    view.setUint16(end, ancestor, true);
    end += ANCESTOR_BYTES;
  }
  return end;
}

/** The same, of a child whose row lies at `from` in `old`. */
function copyChild(old: DataView, from: number, view: DataView, row: number, at: number): number {
  for (let i = 0; i < ROW_BYTES; i++) view.setUint8(row + i, old.getUint8(from + i));
  view.setUint32(row + KEY, at, true);
  const texts = old.getUint32(from + KEY, true);
  const length = textBytesAt(old, from);
  for (let i = 0; i < length; i++) view.setUint8(at + i, old.getUint8(texts + i));
  return at + length;
}

/** How many bytes the texts of the child have whose row lies there. */
function textBytesAt(view: DataView, row: number): number {
  const ancestors = view.getUint16(row + ANCESTORS, true) & ~IS_BRANCH;
  return view.getUint16(row + KEY_LENGTH, true) + ancestors * ANCESTOR_BYTES;
}

/** Of lower-case hex. */
function hexDigit(unit: number): number {
  return unit < 0x61 ? unit - 0x30 : unit - 0x57;
}

/** One byte a character; returns where they end. */
function writeText(view: DataView, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  return at + text.length;
}

/** How many bytes all of some keys in ascending order share: what the first and the last do. */
function sharedPrefix(first: string, last: string): number {
  let length = 0;
  while (length < first.length && first.charCodeAt(length) === last.charCodeAt(length)) length++;
  return length;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
