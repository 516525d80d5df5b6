import { ANY_HOST, EXACT_HOST, HOST_SUFFIX, type RouteEntry } from "./route-entry.ts";
import { LONG_LENGTH, RANGE_CHILDREN, RANGE_PLACES } from "./route-page-layout.ts";

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
  const first = (entries[0] as RouteEntry).key;
  const keyLength = depth + labelLength(entries, depth, isPath);
  const own = isPath ? entries.filter(({ key }) => key.length === keyLength) : [];
  const children = groupsAt(entries, keyLength, own.length).map((group) => {
    const separator = (group[0] as RouteEntry).key.charAt(keyLength);
    const startsPath = isPath || separator === HOST_SUFFIX || separator === EXACT_HOST;
    return { lead: separator.charCodeAt(0), node: pageNode(group, keyLength + 1, startsPath) };
  });
  const below = children.reduce((sum, { node }) => sum + 3 + node.weight, 0);
  return {
    label: first.slice(depth, keyLength),
    keyLength,
    exact: own.filter(({ isPrefix }) => !isPrefix),
    prefixes: own.filter(({ isPrefix }) => isPrefix),
    children,
    isRange: takesRange(children),
    weight: 2 + keyLength - depth + below + own.reduce((sum, entry) => sum + weightOf(entry), 0),
  };
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
function labelLength(entries: readonly RouteEntry[], depth: number, isPath: boolean): number {
  const first = (entries[0] as RouteEntry).key;
  const last = (entries.at(-1) as RouteEntry).key;
  let end = depth;
  while (end < first.length && first.charCodeAt(end) === last.charCodeAt(end)) {
    if (!isPath && first.charAt(end) <= EXACT_HOST) break;
    end++;
  }
  return end - depth;
}

/** The entries that go on after `end`, by their next byte. */
function groupsAt(entries: readonly RouteEntry[], end: number, skip: number): RouteEntry[][] {
  const groups: RouteEntry[][] = [];
  let byte = "";
  for (let i = skip; i < entries.length; i++) {
    const entry = entries[i] as RouteEntry;
    const next = entry.key.charAt(end);
    if (next !== byte || groups.length === 0) groups.push([]);
    byte = next;
    (groups.at(-1) as RouteEntry[]).push(entry);
  }
  return groups;
}

/** INDEX.md 5.2.4: whether a place for every byte from the least to the greatest is worth its bytes. */
function takesRange(children: readonly PageChild[]): boolean {
  const places = (children.at(-1)?.lead ?? 0) - (children[0]?.lead ?? 0) + 1;
  return children.length >= RANGE_CHILDREN && places <= children.length * RANGE_PLACES;
}
