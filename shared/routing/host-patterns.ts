import type { Facts } from "./facts.ts";
import { decodeUri, utf8String } from "./uri-bytes.ts";

/**
 * INDEX.md 5.2.6: the host patterns that an entry asks for, as a text of a page. They are held against a
 * request where they lie. Each is its kind, the length of its text and the text: the pattern without a
 * leading `*`.
 */

/** The request's host must end with the text; else it must be the text. */
const IS_SUFFIX = 1;
/** The Host header counts as it was sent: the pattern has a port, or is an IPv6 address. */
const AS_SENT = 2;
const NOT_ASCII = 4;

export const HOST_HEAD_BYTES = 3;

/** One character a byte; empty for none. Throws a RangeError where they do not fit. */
export function hostsText(patterns: readonly string[]): string {
  if (patterns.length === 0) return "";
  return numberText(patterns.length, 2) + patterns.map(patternText).join("");
}

/** Whether the pattern that begins at `at` and ends at `end` accepts the request's host. */
export function acceptsHost(bytes: Uint8Array, at: number, end: number, facts: Facts): boolean {
  const kind = bytes[at] as number;
  const sent = (kind & AS_SENT) !== 0 ? facts.hostHeader : facts.host;
  const isSuffix = (kind & IS_SUFFIX) !== 0;
  const from = at + HOST_HEAD_BYTES;
  if ((kind & NOT_ASCII) !== 0) {
    const text = decodeUri(bytes, from, end);
    return isSuffix ? sent.endsWith(text) : sent === text;
  }
  const start = sent.length - (end - from);
  if (isSuffix ? start < 0 : start !== 0) return false;
  const shift = start - from;
  for (let i = from; i < end; i++) if (bytes[i] !== sent.charCodeAt(i + shift)) return false;
  return true;
}

/** The pattern, as a person wrote it. */
export function hostPattern(bytes: Uint8Array, at: number, end: number): string {
  const text = decodeUri(bytes, at + HOST_HEAD_BYTES, end);
  return ((bytes[at] as number) & IS_SUFFIX) !== 0 ? `*${text}` : text;
}

function patternText(pattern: string): string {
  const isSuffix = pattern.startsWith("*");
  const wanted = isSuffix ? pattern.slice(1) : pattern;
  const text = utf8String(wanted);
  const kind =
    (isSuffix ? IS_SUFFIX : 0) |
    (pattern.includes(":") ? AS_SENT : 0) |
    (text === wanted ? 0 : NOT_ASCII);
  return numberText(kind, 1) + numberText(text.length, 2) + text;
}

/** Little-endian, one character a byte. Throws a RangeError for a number that has more bytes. */
export function numberText(value: number, bytes: number): string {
  if (value >= 2 ** (8 * bytes)) throw new RangeError(`${value} takes more than ${bytes} bytes`);
  let text = "";
  for (let i = 0; i < bytes; i++) text += String.fromCharCode((value >>> (8 * i)) & 0xff);
  return text;
}
