/**
 * Paths are bytes to nginx, strings to JavaScript. Here a path is a string in which every valid UTF-8
 * sequence is its character and every other byte `b` is the lone surrogate U+DC00 + b. So it reads as
 * text in variables and logs, two different byte paths are never the same string (`/%FF` is not `/ÿ`,
 * as it would be if stray bytes became latin1), and the exact bytes can be had back. Valid UTF-8 holds
 * no surrogates, so a route's text never equals a stray byte.
 */

const STRAY_BYTE = 0xdc00;
const SLICE_UNITS = 4096;
const NOT_ASCII = /[^\0-\x7f]/;

/** A unit below this is its own byte. */
export const ASCII_UNITS = 0x80;
/** The most bytes that one UTF-16 unit becomes. */
export const MAX_BYTES_PER_UNIT = 3;

/** Writes the bytes of `text` into `into`, which must be long enough, and returns how many. */
export function encodeUri(text: string, into: Uint8Array): number {
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      into[size++] = unit;
    } else if (unit >= 0xdc80 && unit <= 0xdcff) {
      into[size++] = unit - STRAY_BYTE;
    } else {
      const point = text.codePointAt(i) as number;
      if (point > 0xffff) i++;
      size = encodePoint(point, into, size);
    }
  }
  return size;
}

/** The string of `bytes[from, to)`; `encodeUri` gives the same bytes back. */
export function decodeUri(bytes: Uint8Array, from: number, to: number): string {
  const units: number[] = [];
  let text = "";
  for (let at = from; at < to; ) {
    const size = sequenceLength(bytes, at, to);
    if (size === 0) {
      units.push(STRAY_BYTE + (bytes[at] as number));
      at++;
    } else {
      pushPoint(units, decodePoint(bytes, at, size));
      at += size;
    }
    if (units.length >= SLICE_UNITS) {
      text += String.fromCharCode(...units);
      units.length = 0;
    }
  }
  return text + String.fromCharCode(...units);
}

/** The bytes of `text`, one character each: `text` itself where it is ASCII. */
export function byteString(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  const bytes = new Uint8Array(text.length * MAX_BYTES_PER_UNIT);
  return latin1(bytes.subarray(0, encodeUri(text, bytes)));
}

/** What `byteString` made `bytes` of. */
export function textOfByteString(bytes: string): string {
  if (!NOT_ASCII.test(bytes)) return bytes;
  return decodeUri(bytesOf(bytes), 0, bytes.length);
}

/** One byte for each character of a byte string. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** As `byteString`, for text of a person, which holds no stray bytes: a lone surrogate is U+FFFD. */
export function utf8String(text: string): string {
  return NOT_ASCII.test(text) ? latin1(new TextEncoder().encode(text)) : text;
}

/** One character for each byte. */
export function latin1(bytes: Uint8Array): string {
  let result = "";
  for (let from = 0; from < bytes.length; from += SLICE_UNITS) {
    result += String.fromCharCode(...bytes.subarray(from, from + SLICE_UNITS));
  }
  return result;
}

function encodePoint(point: number, into: Uint8Array, at: number): number {
  // A surrogate that is no stray byte has no bytes of its own; the replacement character stands in.
  const known = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
  if (known < 0x800) {
    into[at] = 0xc0 | (known >> 6);
    into[at + 1] = 0x80 | (known & 0x3f);
    return at + 2;
  }
  if (known < 0x10000) {
    into[at] = 0xe0 | (known >> 12);
    into[at + 1] = 0x80 | ((known >> 6) & 0x3f);
    into[at + 2] = 0x80 | (known & 0x3f);
    return at + 3;
  }
  into[at] = 0xf0 | (known >> 18);
  into[at + 1] = 0x80 | ((known >> 12) & 0x3f);
  into[at + 2] = 0x80 | ((known >> 6) & 0x3f);
  into[at + 3] = 0x80 | (known & 0x3f);
  return at + 4;
}

/** The length of the valid UTF-8 sequence at `at`, 0 where there is none (RFC 3629, section 4). */
function sequenceLength(bytes: Uint8Array, at: number, to: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + size > to) return 0;
  for (let i = at + 1; i < at + size; i++) {
    if (((bytes[i] as number) & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1] as number;
  if (lead === 0xe0 && second < 0xa0) return 0;
  if (lead === 0xed && second > 0x9f) return 0;
  if (lead === 0xf0 && second < 0x90) return 0;
  if (lead === 0xf4 && second > 0x8f) return 0;
  return size;
}

function decodePoint(bytes: Uint8Array, at: number, size: number): number {
  const lead = bytes[at] as number;
  if (size === 1) return lead;
  let point = lead & (0x7f >> size);
  for (let i = at + 1; i < at + size; i++) point = (point << 6) | ((bytes[i] as number) & 0x3f);
  return point;
}

function pushPoint(units: number[], point: number): void {
  if (point < 0x10000) {
    units.push(point);
  } else {
    units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
  }
}
