/**
 * etcd's keys are bytes, ours are strings. A key in UTF-8, as APISIX writes them, reads as itself; a byte
 * that is not part of any UTF-8 character becomes a lone surrogate (U+DC80 to U+DCFF), which no UTF-8
 * text contains. So two different keys never read the same, and each goes back to its own bytes.
 */

const REPLACEMENT = "\uFFFD";
const ESCAPE_BASE = 0xdc00;

export function decodeKey(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (!text.includes(REPLACEMENT) || Buffer.from(text, "utf8").equals(bytes)) return text;
  let key = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) key += String.fromCharCode(ESCAPE_BASE + (bytes[at] as number));
    else key += bytes.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return key;
}

export function encodeKey(key: string): Buffer {
  if (key.isWellFormed()) return Buffer.from(key, "utf8");
  const parts: Buffer[] = [];
  for (const character of key) {
    const escaped = character.charCodeAt(0) - ESCAPE_BASE;
    const isEscape = character.length === 1 && escaped >= 0x80 && escaped <= 0xff;
    parts.push(isEscape ? Buffer.from([escaped]) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}

/** A half-open range of keys, `end` not included; without `end` the single key. */
export interface KeyRange {
  readonly key: string;
  readonly end?: string;
}

/** Every key that starts with `prefix`; the empty prefix is every key there is. */
export function keysUnder(prefix: string): Required<KeyRange> {
  const bytes = encodeKey(prefix);
  const last = bytes.findLastIndex((byte) => byte < 0xff);
  // Nothing sorts after a prefix of 0xff only: "\0" is etcd's way to say "to the very end".
  if (last < 0) return { key: prefix || "\0", end: "\0" };
  const end = Buffer.from(bytes.subarray(0, last + 1));
  end[last] = (end[last] as number) + 1;
  return { key: prefix, end: decodeKey(end) };
}

/** The smallest key after `key`: where the next page starts. */
export function keyAfter(key: string): string {
  return `${key}\0`;
}

/** How many bytes the UTF-8 character at `at` has; 0 where there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first >= 0xf5 || length === 0 || at + length > bytes.length) return 0;
  const slice = bytes.subarray(at, at + length);
  return Buffer.from(slice.toString("utf8"), "utf8").equals(slice) ? length : 0;
}
