import { ANY_HOST, EXACT_HOST, HOST_SUFFIX, type RouteEntry } from "./route-entry.ts";
import { LONG_LENGTH, RANGE_CHILDREN, RANGE_PLACES } from "./route-page-layout.ts";

const HOST_SUFFIX_BYTE = HOST_SUFFIX.charCodeAt(0);
const EXACT_HOST_BYTE = EXACT_HOST.charCodeAt(0);

/** A node of a page (INDEX.md 5.2.4) before it has a place. */
export interface PageNode {
  readonly label: string;
  /** How many bytes the keys of its own entries have. */
  readonly keyLength: number;
  readonly exact: readonly RouteEntry[];
  readonly prefixes: readonly RouteEntry[];
  readonly children: readonly PageChild[];
  /** Whether the table of children has a place for every byte from the least to the greatest. */
  readonly isRange: boolean;
  /** INDEX.md 5.2.4: about its bytes and those of all below it; only where they lie depends on it. */
  readonly weight: number;
}

export interface PageChild {
  /** The byte that leads to it. */
  readonly lead: number;
  readonly node: PageNode;
}

/**
 * The node of `entries`, which are in their order (`compareEntries`) and whose keys share their first
 * `depth` bytes. In the host part a node ends before the byte that parts host and path; a node of a path
 * begins after it.
 */
export function pageNode(entries: readonly RouteEntry[], depth: number, isPath: boolean): PageNode {
  return nodeOf({ entries, from: 0, to: entries.length }, depth, isPath);
}

/** Entries side by side: those from `from` up to `to`. */
interface Range {
  readonly entries: readonly RouteEntry[];
  readonly from: number;
  readonly to: number;
}

function nodeOf(range: Range, depth: number, isPath: boolean): PageNode {
  const { entries, from } = range;
  const keyLength = depth + labelLength(range, depth, isPath);
  const prefixesAt = isPath ? endOfLeading(entries, from, isExactAt(keyLength), range.to) : from;
  const ownEnd = isPath ? endOfLeading(entries, prefixesAt, isEndingAt(keyLength), range.to) : from;
  const exact = entries.slice(from, prefixesAt);
  const prefixes = entries.slice(prefixesAt, ownEnd);
  const children = childrenOf({ ...range, from: ownEnd }, keyLength, isPath);
  let weight = 2 + keyLength - depth;
  for (const { node } of children) weight += 3 + node.weight;
  for (let i = from; i < ownEnd; i++) weight += weightOf(entries[i] as RouteEntry);
  return {
    label: keyAt(range, from).slice(depth, keyLength),
    keyLength,
    exact,
    prefixes,
    children,
    isRange: takesRange(children),
    weight,
  };
}

/** The entries that go on after `end`, by their next byte. */
function childrenOf(range: Range, end: number, isPath: boolean): PageChild[] {
  const children: PageChild[] = [];
  for (let from = range.from; from < range.to; ) {
    const lead = keyAt(range, from).charCodeAt(end);
    const isAlike = ({ key }: RouteEntry) => key.charCodeAt(end) === lead;
    const to = endOfLeading(range.entries, from, isAlike, range.to);
    const startsPath = isPath || lead === HOST_SUFFIX_BYTE || lead === EXACT_HOST_BYTE;
    const node = nodeOf({ ...range, from, to }, end + 1, startsPath);
    children.push({ lead, node });
    from = to;
  }
  return children;
}

/** What of the pattern follows the prefix, which is all of the key after its separator. */
export function restOf({ key, isPrefix, pattern }: RouteEntry): string {
  if (!isPrefix) return "";
  let separator = 0;
  while (key.charAt(separator) > ANY_HOST) separator++;
  return pattern.slice(key.length - separator - 1);
}

function weightOf(entry: RouteEntry): number {
  return 8 + entry.routeId.length + Math.min(restOf(entry).length, LONG_LENGTH);
}

/** How many bytes all keys share from `depth` on; of a host, none of the separator. */
function labelLength(range: Range, depth: number, isPath: boolean): number {
  const first = keyAt(range, range.from);
  const last = keyAt(range, range.to - 1);
  let end = depth;
  while (end < first.length && first.charCodeAt(end) === last.charCodeAt(end)) {
    if (!isPath && first.charCodeAt(end) <= EXACT_HOST_BYTE) break;
    end++;
  }
  return end - depth;
}

/**
 * Where those end that hold: they come first, from `from` on. In steps that double, and then by halves: few
 * entries are looked at, and in a large table none of them is in a processor's cache.
 */
export function endOfLeading(
  entries: readonly RouteEntry[],
  from: number,
  holds: (entry: RouteEntry) => boolean,
  to = entries.length,
): number {
  let low = from;
  let high = from;
  for (let step = 1; high < to && holds(entries[high] as RouteEntry); step *= 2) {
    low = high + 1;
    high += step;
  }
  high = Math.min(high, to);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(entries[middle] as RouteEntry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of keys that all begin alike, those which end there come first; of them, exact paths (INDEX.md 5.2.7). */
function isExactAt(length: number): (entry: RouteEntry) => boolean {
  return ({ key, isPrefix }) => key.length === length && !isPrefix;
}

function isEndingAt(length: number): (entry: RouteEntry) => boolean {
  return ({ key }) => key.length === length;
}

function keyAt({ entries }: Range, at: number): string {
  return (entries[at] as RouteEntry).key;
}

/** INDEX.md 5.2.4: whether a place for every byte from the least to the greatest is worth its bytes. */
function takesRange(children: readonly PageChild[]): boolean {
  const places = (children.at(-1)?.lead ?? 0) - (children[0]?.lead ?? 0) + 1;
  return children.length >= RANGE_CHILDREN && places <= children.length * RANGE_PLACES;
}
