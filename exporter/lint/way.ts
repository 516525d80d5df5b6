import { type IpRanges, parseIpRanges } from "../../shared/routing/ip-ranges.ts";
import type { IndexedRoute, RouteEntry } from "../../shared/routing/route-entry.ts";
import {
  ANY_HOST,
  compareEntries,
  entriesOf,
  HOST_SUFFIX,
} from "../../shared/routing/route-entry.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { type ShapedPath, shapeOfPath } from "./path-cover.ts";
import { unreachableHost, unreachablePath } from "./unreachable.ts";

/** One of a route's paths under one of its hosts, and all that it asks of a request. */
export interface Way {
  readonly route: RouteAsked;
  readonly entry: RouteEntry;
  /** The path as the route has it. */
  readonly uri: string;
  /** Where hosts are a condition; undefined: any. */
  readonly host: string | undefined;
  readonly path: ShapedPath;
  /** In `radixtree_host_uri`: under the host pattern `*`, which comes before no host at all. */
  readonly isStarHost: boolean;
}

/** What a route asks beside host, path and method. */
export interface RouteAsked {
  readonly id: string;
  /** The rules of `vars` that must all hold, as JSON. */
  readonly rules: readonly string[];
  readonly ranges: IpRanges | undefined;
  /** Equal for equal conditions. */
  readonly conditions: string;
}

/** The ways of a route by the list of the index in which they are tried one after the other. */
export function* waysOf(
  router: RouterName,
  route: IndexedRoute,
): Generator<readonly [list: string, way: Way]> {
  const { id, remoteAddrs, vars = [] } = route;
  const rules = rulesOf(vars);
  const asked: RouteAsked = {
    id,
    rules,
    ranges: remoteAddrs.length === 0 ? undefined : parseIpRanges(remoteAddrs),
    conditions: JSON.stringify([remoteAddrs, vars]),
  };
  const reachable = reachablePart(router, route);
  if (reachable.uris.length === 0 || (reachable.hosts.length === 0 && route.hosts.length > 0))
    return;
  const decide = router === "radixtree_host_uri";
  const hosts = decide || route.hosts.length === 0 ? [undefined] : reachable.hosts;
  for (const entry of entriesOf(router, reachable)) {
    // Both are scopes of all hosts; the one with the star comes first.
    const isStarHost = entry.key.startsWith(HOST_SUFFIX);
    const key = isStarHost ? ANY_HOST + entry.key.slice(1) : entry.key;
    const list = `${Number(entry.isPrefix)}${key}`;
    const path = entry.isPrefix ? shapeOfPath(entry) : ({ is: "all" } as const);
    const uri = reachable.uris[entry.position] as string;
    for (const host of hosts) yield [list, { route: asked, entry, uri, host, path, isStarHost }];
  }
}

/** Negative where `a` is tried before `b`, of the same list. */
export function compareWays(a: Way, b: Way): number {
  const stars = Number(b.isStarHost) - Number(a.isStarHost);
  return stars || compareUnderOneKey(a, b);
}

/** Whether nothing but the order of keys puts one before the other. */
export function areOfEqualRank(a: Way, b: Way): boolean {
  return (
    a.isStarHost === b.isStarHost &&
    a.entry.priority === b.entry.priority &&
    a.entry.pattern.length === b.entry.pattern.length
  );
}

function compareUnderOneKey(a: Way, b: Way): number {
  // The scope of a star and that of any host are one list here.
  return compareEntries({ ...a.entry, key: "" }, { ...b.entry, key: "" });
}

/** Without the hosts and paths that no request has. */
function reachablePart(router: RouterName, route: IndexedRoute): IndexedRoute {
  return {
    ...route,
    uris: route.uris.filter((uri) => unreachablePath(router, uri) === undefined),
    hosts: route.hosts.filter((host) => unreachableHost(router, host) === undefined),
  };
}

/** The rules of a top-level AND; any other expression is one rule. */
function rulesOf(vars: readonly unknown[]): readonly string[] {
  const [first, ...rest] = vars;
  if (first === undefined) return [];
  const texts = (rules: readonly unknown[]) => rules.map((rule) => JSON.stringify(rule));
  if (Array.isArray(first)) return texts(vars);
  const isAnd = typeof first === "string" && first.toLowerCase() === "and";
  return isAnd ? texts(rest) : [JSON.stringify(vars)];
}
