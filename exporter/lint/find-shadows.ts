import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { areOfEqualRank, compareWays, type Way, waysOf } from "./way.ts";
import { WaysUnderKey } from "./ways-under-key.ts";

/** What comes before a route, wholly or in part. */
export interface Shadows {
  /** Routes that never win, by id, and the ids of the routes that win instead. */
  readonly shadowed: ReadonlyMap<string, readonly string[]>;
  /** Routes for which, of some requests, only the order of keys lets another win; one example for each. */
  readonly overlapped: ReadonlyMap<string, Overlap>;
}

export interface Overlap {
  readonly by: string;
  /** The pattern of the path that both have. */
  readonly uri: string;
}

const MOST_NAMED = 3;

/**
 * Which routes can never win, and which do by their key alone. A route is shadowed where all its ways are:
 * where every request that a way accepts is accepted by a way that is tried before it in the same list of
 * the index (exact path or prefix, and host scope), or by several that differ in their methods only. What
 * is found is true; not all that is true is found: not, for one, where many routes together shadow another.
 *
 * Only ways of one list are held against each other, and of those only some: see `WaysUnderKey`. So the
 * work grows with the number of ways, and not with its square.
 */
export function findShadows(router: RouterName, routes: Iterable<IndexedRoute>): Shadows {
  const lists = new Map<string, Way[]>();
  const unshadowed = new Map<string, number>();
  for (const route of routes) {
    for (const [key, way] of waysOf(router, route)) {
      unshadowed.set(route.id, (unshadowed.get(route.id) ?? 0) + 1);
      const list = lists.get(key);
      if (list) list.push(way);
      else lists.set(key, [way]);
    }
  }
  const winners = new Map<string, Set<string>>();
  const overlapped = new Map<string, Overlap>();
  for (const list of lists.values()) {
    if (list.length < 2) continue;
    const index = new WaysUnderKey(list.sort(compareWays));
    for (const way of list) {
      const { id } = way.route;
      const shadowing = lookAround(way, index, overlapped);
      if (!shadowing) continue;
      unshadowed.set(id, (unshadowed.get(id) as number) - 1);
      const known = winners.get(id) ?? new Set();
      winners.set(id, known);
      for (const other of shadowing) known.add(other);
    }
  }
  const shadowed = new Map<string, readonly string[]>();
  for (const [id, by] of winners) {
    if (unshadowed.get(id) === 0) shadowed.set(id, [...by].slice(0, MOST_NAMED));
  }
  for (const id of shadowed.keys()) overlapped.delete(id);
  return { shadowed, overlapped };
}

/** The ids of the routes that come before a way for all that it accepts; notes overlaps as well. */
function lookAround(
  way: Way,
  index: WaysUnderKey,
  overlapped: Map<string, Overlap>,
): readonly string[] | undefined {
  let methods = 0;
  const before: string[] = [];
  for (const wider of index.widerThan(way)) {
    const isFirst = compareWays(wider, way) < 0;
    noteOverlap(isFirst ? wider : way, isFirst ? way : wider, overlapped);
    if (!isFirst || !rangesCover(wider, way)) continue;
    if (wider.entry.methods === 0) return [wider.route.id];
    methods |= wider.entry.methods;
    before.push(wider.route.id);
    const { methods: wanted } = way.entry;
    if (wanted !== 0 && (wanted & ~methods) === 0) return before;
  }
  return undefined;
}

function rangesCover({ route: { ranges } }: Way, { route: other }: Way): boolean {
  return ranges === undefined || (other.ranges !== undefined && ranges.covers(other.ranges));
}

function noteOverlap(first: Way, later: Way, overlapped: Map<string, Overlap>): void {
  const { id, conditions } = later.route;
  if (overlapped.has(id) || first.route.conditions !== conditions) return;
  if (!areOfEqualRank(first, later) || !shareMethod(first, later)) return;
  overlapped.set(id, { by: first.route.id, uri: later.uri });
}

function shareMethod({ entry: a }: Way, { entry: b }: Way): boolean {
  return a.methods === 0 || b.methods === 0 || (a.methods & b.methods) !== 0;
}
