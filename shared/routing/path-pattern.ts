import type { RouterName } from "../snapshot/format.ts";
import { ASCII_UNITS } from "./uri-bytes.ts";

const SLASH = 0x2f;
const COLON = 0x3a;
const STAR = 0x2a;

/** How a route's path is entered in the index. */
export interface PathEntry {
  readonly kind: "exact" | "prefix";
  /** The text that a request path must equal or begin with. */
  readonly text: string;
}

/**
 * A path with `*` is a prefix entry, its prefix the text before the first `*`; with parameters on, the
 * text before the first `:` where there is one, a `*` before it being plain text. Any other path is
 * exact.
 */
export function pathEntry(router: RouterName, path: string): PathEntry {
  const colon = router === "radixtree_uri_with_parameter" ? path.indexOf(":") : -1;
  const cut = colon >= 0 ? colon : path.indexOf("*");
  return cut < 0 ? { kind: "exact", text: path } : { kind: "prefix", text: path.slice(0, cut) };
}

/** A stretch `[from, to)` of the path that was captured, under the pattern's stretch `[name, nameEnd)`. */
export interface Capture {
  readonly name: number;
  /** Equal to `name` for an unnamed `*`. */
  readonly nameEnd: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The check of a prefix entry whose prefix is already known to match. Undefined: no match.
 *
 * A segment `:name` captures one whole, non-empty segment; a segment `*name` or `*` any bytes, slashes
 * too, even none; every other segment is literal text. A pattern with a capture must span the whole
 * path; one without (`/foo*`, `/foo*bar`, `/co:lon`) accepts whatever its prefix let in.
 *
 * As in APISIX's regular expression each `*` takes as much as it can, the first one first. That is
 * found without backtracking over choices: the pieces between stars are placed from the right, each as
 * far right as it fits, which leaves the most to every star before it. Cost is at most path length
 * times pattern length.
 */
export function matchPattern(pattern: string, path: string): readonly Capture[] | undefined {
  const firstStar = firstStarOf(pattern);
  if (firstStar < 0) {
    if (!hasParameter(pattern)) return [];
    const whole = matchPiece(pattern, 0, pattern.length, path, 0);
    return whole?.end === path.length ? whole.captures : undefined;
  }
  const head = matchPiece(pattern, 0, firstStar, path, 0);
  if (!head) return undefined;
  const rest = placeFromRight(pattern, path, head.end);
  if (!rest) return undefined;
  const captures = [...head.captures];
  let from = head.end;
  for (const piece of rest) {
    const nameEnd = segmentEnd(pattern, piece.star);
    captures.push({ name: piece.star + 1, nameEnd, from, to: piece.start }, ...piece.captures);
    from = piece.end;
  }
  return captures;
}

/** A request's path. As long as all that was read of it is ASCII it may be its text. */
export interface PathInHand {
  readonly path: string;
  /** Makes `path` one character a byte; false where it was that already. */
  readPathBytes(): boolean;
  /** Where the segment ends that `at` lies in. */
  segmentEnd(at: number): number;
}

/**
 * Whether what follows the first `at` bytes of a path, which were read before, is what the rest of a
 * pattern asks. The rest lies in `bytes[from, to)`, without names, and begins a segment. Without a star
 * nothing is allocated.
 */
export function acceptsRest(
  bytes: Uint8Array,
  from: number,
  to: number,
  inHand: PathInHand,
  at: number,
): boolean {
  const { path } = inHand;
  const end = path.length;
  let position = at;
  for (let i = from; i < to; ) {
    let byte = bytes[i] as number;
    if (byte === COLON) {
      const segment = inHand.segmentEnd(position);
      if (segment === position) return false;
      position = segment;
      i++;
    } else if (byte === STAR) {
      if (inHand.readPathBytes()) return acceptsRest(bytes, from, to, inHand, at);
      return matchPattern(textOf(bytes, i, to), path.slice(position)) !== undefined;
    }
    // What is literal up to the next segment.
    for (byte = 0; i < to && byte !== SLASH; i++, position++) {
      byte = bytes[i] as number;
      if (byte >= ASCII_UNITS && inHand.readPathBytes()) {
        return acceptsRest(bytes, from, to, inHand, at);
      }
      if (position >= end || path.charCodeAt(position) !== byte) return false;
    }
  }
  return position === end;
}

/**
 * The rest of a pattern, which begins a segment, without the names of its captures, and those names, a
 * slash between two: whether a path is accepted does not depend on them.
 */
export function withoutNames(rest: string): readonly [rest: string, names: string] {
  const names: string[] = [];
  const segments = rest.split("/").map((segment) => {
    if (!/^[:*]/.test(segment)) return segment;
    names.push(segment.slice(1));
    return segment.charAt(0);
  });
  return [segments.join("/"), names.join("/")];
}

/** What `withoutNames` parted. */
export function withNames(rest: string, names: readonly string[]): string {
  let next = 0;
  const segments = rest.split("/").map((segment) => {
    return segment === ":" || segment === "*" ? segment + (names[next++] ?? "") : segment;
  });
  return segments.join("/");
}

/** The rest of a pattern, `bytes[from, to)` as `acceptsRest` takes it, and the names of its captures. */
export interface RestInPage {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly names: readonly string[];
}

/**
 * What it captures of a path that it accepts, from the unit `at` on. Undefined where that is not simple to
 * say: it has a star, or is not ASCII.
 */
export function restCaptures(
  { bytes, from, to, names }: RestInPage,
  path: string,
  at: number,
): Record<string, string> | undefined {
  // No prototype: a parameter may be called `__proto__`.
  const captures: Record<string, string> = Object.create(null);
  let position = at;
  let next = 0;
  let startsSegment = true;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte >= ASCII_UNITS || (startsSegment && byte === STAR)) return undefined;
    if (startsSegment && byte === COLON) {
      const end = segmentEnd(path, position);
      captures[names[next++] || ":ext"] = path.slice(position, end);
      position = end;
    } else {
      position++;
    }
    startsSegment = byte === SLASH;
  }
  return captures;
}

/** One character a byte. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}

/** INDEX.md 5.2.8: how the rest of a request's path is held against a prefix entry. */
export type CaptureKind =
  /** It is not: whatever follows the prefix is accepted, and nothing captured. */
  | "none"
  /** The pattern ends with the star that follows the prefix; it captures all that is left. */
  | "tail"
  /** The rest of the pattern, from the end of the prefix on. */
  | "rest"
  /** The whole pattern: there are captures before the prefix ends. */
  | "whole";

/** How the rest of a path is held against `pattern`, whose prefix has `prefixLength` characters. */
export function captureKind(pattern: string, prefixLength: number): CaptureKind {
  if (firstStarOf(pattern) < 0 && !hasParameter(pattern)) return "none";
  const prefix = pattern.slice(0, prefixLength);
  const isAtSegment = isSegmentStart(pattern, prefixLength);
  if (!isAtSegment || firstStarOf(prefix) >= 0 || hasParameter(prefix)) return "whole";
  const isTail = pattern.charCodeAt(prefixLength) === STAR && !pattern.includes("/", prefixLength);
  return isTail ? "tail" : "rest";
}

/** Literal and `:name` segments between two stars, where they were found in the path. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly captures: readonly Capture[];
}

/** A piece with the position of the star to its left. */
interface PlacedPiece extends Piece {
  readonly star: number;
}

/** Every piece that follows a star, in order; undefined where they do not fit into `path[head, end)`. */
function placeFromRight(
  pattern: string,
  path: string,
  head: number,
): readonly PlacedPiece[] | undefined {
  const placed: PlacedPiece[] = [];
  let pieceEnd = pattern.length;
  let limit = path.length;
  for (let star = lastStarOf(pattern, pieceEnd); star >= 0; star = lastStarOf(pattern, pieceEnd)) {
    const from = segmentEnd(pattern, star);
    const mustReach = pieceEnd === pattern.length ? limit : -1;
    let start = limit;
    let piece: Piece | undefined;
    for (; start >= head && !piece; start--) {
      const found = matchPiece(pattern, from, pieceEnd, path, start);
      if (found && (mustReach < 0 ? found.end <= limit : found.end === mustReach)) piece = found;
    }
    if (!piece) return undefined;
    placed.push({ ...piece, star });
    pieceEnd = star;
    limit = piece.start;
  }
  return placed.reverse();
}

/** `pattern[from, to)`, which holds no star segment, at `path[start]`; it fits in one way at most. */
function matchPiece(
  pattern: string,
  from: number,
  to: number,
  path: string,
  start: number,
): Piece | undefined {
  const captures: Capture[] = [];
  let end = start;
  for (let at = from; at < to; ) {
    if (pattern.charCodeAt(at) === COLON && isSegmentStart(pattern, at)) {
      const runEnd = segmentEnd(path, end);
      if (runEnd === end) return undefined;
      const nameEnd = segmentEnd(pattern, at);
      captures.push({ name: at + 1, nameEnd, from: end, to: runEnd });
      end = runEnd;
      at = nameEnd;
    } else {
      if (end >= path.length || pattern.charCodeAt(at) !== path.charCodeAt(end)) return undefined;
      at++;
      end++;
    }
  }
  return { start, end, captures };
}

function hasParameter(pattern: string): boolean {
  let at = pattern.indexOf(":");
  while (at >= 0 && !isSegmentStart(pattern, at)) at = pattern.indexOf(":", at + 1);
  return at >= 0;
}

function firstStarOf(pattern: string): number {
  let at = pattern.indexOf("*");
  while (at >= 0 && !isSegmentStart(pattern, at)) at = pattern.indexOf("*", at + 1);
  return at;
}

/** The last star segment that begins before `to`. */
function lastStarOf(pattern: string, to: number): number {
  let at = to - 1;
  while (at >= 0 && !(pattern.charCodeAt(at) === STAR && isSegmentStart(pattern, at))) at--;
  return at;
}

function isSegmentStart(text: string, at: number): boolean {
  return at === 0 || text.charCodeAt(at - 1) === SLASH;
}

function segmentEnd(text: string, from: number): number {
  const slash = text.indexOf("/", from);
  return slash < 0 ? text.length : slash;
}
