import { decodeUri, encodeUri, MAX_BYTES_PER_UNIT } from "./uri-bytes.ts";

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const QUESTION = 0x3f;
const HASH = 0x23;

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * The path that routes are matched against, as nginx makes it from a request target: cut at `?` and
 * `#`, scheme and authority of an absolute target dropped, percent-decoded once, `.` and `..`
 * resolved, slashes merged (a decoded `%2F` or `%2E` counts as if sent plainly). See `uri-bytes.ts`
 * for bytes that are not UTF-8. Undefined where nginx answers 400: a bad percent sequence, NUL, a
 * control character, `..` above the root, a target that is no path.
 */
export function normaliseUri(target: string): string | undefined {
  if (target.charCodeAt(0) !== SLASH) {
    const path = pathOfAbsolute(target);
    return path === undefined ? undefined : normaliseUri(path);
  }
  let afterSlash = true;
  for (let i = 1; i < target.length; i++) {
    const unit = target.charCodeAt(i);
    if (unit === QUESTION || unit === HASH) return target.slice(0, i);
    if (isControl(unit)) return undefined;
    if (unit === PERCENT || (afterSlash && (unit === SLASH || unit === DOT))) {
      return rewrite(target);
    }
    afterSlash = unit === SLASH;
  }
  return target;
}

/** A path percent-decoded once and nothing else; undefined where it holds a bad percent sequence. */
export function decodePath(path: string): string | undefined {
  const bytes = new Uint8Array(path.length * MAX_BYTES_PER_UNIT);
  const size = decodePercents(bytes, encodeUri(path, bytes));
  return size < 0 ? undefined : decodeUri(bytes, 0, size);
}

/**
 * nginx's `$host` for a Host header: lower case, without port and trailing dot, an IPv6 literal in its
 * brackets; `_`, APISIX's server name, where there is no header. Undefined where nginx answers 400: an
 * empty host, two dots in a row, a slash, a control character.
 */
export function hostOf(hostHeader: string | null | undefined): string | undefined {
  if (hostHeader === undefined || hostHeader === null) return "_";
  for (let i = 0; i < hostHeader.length; i++) {
    const unit = hostHeader.charCodeAt(i);
    if (isControl(unit) || unit === SLASH) return undefined;
    if (unit === DOT && hostHeader.charCodeAt(i + 1) === DOT) return undefined;
  }
  let end = hostHeader.length;
  if (hostHeader.startsWith("[")) end = hostHeader.indexOf("]") + 1 || end;
  else if (hostHeader.includes(":")) end = hostHeader.indexOf(":");
  if (hostHeader.charCodeAt(end - 1) === DOT) end--;
  return end === 0 ? undefined : hostHeader.slice(0, end).toLowerCase();
}

function pathOfAbsolute(target: string): string | undefined {
  const scheme = SCHEME.exec(target);
  if (!scheme) return undefined;
  const end = target.slice(scheme[0].length).search(/[/?#]/);
  const path = end < 0 ? "" : target.slice(scheme[0].length + end);
  return path.startsWith("/") ? path : `/${path}`;
}

function rewrite(target: string): string | undefined {
  const bytes = new Uint8Array(target.length * MAX_BYTES_PER_UNIT);
  const decoded = decodePercents(bytes, encodeUri(target, bytes));
  if (decoded < 0) return undefined;
  const resolved = resolveSegments(bytes, decoded);
  return resolved < 0 ? undefined : decodeUri(bytes, 0, resolved);
}

/** In place, up to the first plain `?` or `#`. Returns the new length, -1 for a target of a 400. */
function decodePercents(bytes: Uint8Array, length: number): number {
  let size = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUESTION || byte === HASH) break;
    if (isControl(byte)) return -1;
    if (byte !== PERCENT) {
      bytes[size++] = byte;
      continue;
    }
    if (at + 2 >= length) return -1;
    const high = hexDigit(bytes[at + 1] as number);
    const low = hexDigit(bytes[at + 2] as number);
    if (high < 0 || low < 0 || high + low === 0) return -1;
    bytes[size++] = high * 16 + low;
    at += 2;
  }
  return size;
}

/** In place: `.` and empty segments dropped, `..` takes back one. -1 where it would leave the root. */
function resolveSegments(bytes: Uint8Array, length: number): number {
  let size = 1;
  for (let from = 1; from < length; ) {
    const slash = bytes.indexOf(SLASH, from);
    const to = slash < 0 || slash > length ? length : slash;
    if (isDots(bytes, from, to, 2)) {
      if (size === 1) return -1;
      do size--;
      while (bytes[size - 1] !== SLASH);
    } else if (to > from && !isDots(bytes, from, to, 1)) {
      bytes.copyWithin(size, from, to);
      size += to - from;
      if (to < length) bytes[size++] = SLASH;
    }
    from = to + 1;
  }
  return size;
}

function isDots(bytes: Uint8Array, from: number, to: number, count: number): boolean {
  if (to - from !== count) return false;
  for (let i = from; i < to; i++) if (bytes[i] !== DOT) return false;
  return true;
}

/** nginx refuses a request line with these, plain; percent-encoded they pass. */
function isControl(unit: number): boolean {
  return unit <= 0x20 || unit === 0x7f;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
