import { cannotFail } from "../expression/cannot-fail.ts";
import { parseExpression } from "../expression/parse.ts";
import type { RouterName } from "../snapshot/format.ts";
import { hostsText } from "./host-patterns.ts";
import { methodBit, NO_KNOWN_METHOD } from "./methods.ts";
import { type CaptureKind, captureKind, pathEntry } from "./path-pattern.ts";
import { utf8String } from "./uri-bytes.ts";

/** One route as the index takes it; hosts are already those of route or service. */
export interface IndexedRoute {
  readonly id: string;
  readonly uris: readonly string[];
  /** Lower-cased host patterns; empty where the route takes any host. */
  readonly hosts: readonly string[];
  /** Empty: any method. */
  readonly methods: readonly string[];
  readonly priority: number;
  /** Addresses and CIDR ranges of clients; empty: any. */
  readonly remoteAddrs: readonly string[];
  /** An expression (apisix.md 3.9), checked; absent or empty: none. */
  readonly vars?: readonly unknown[] | undefined;
}

/** INDEX.md 5.2.2: what parts host and path in a key. No host pattern holds such a character. */
export const HOST_SUFFIX = "\x00";
export const EXACT_HOST = "\x01";
export const ANY_HOST = "\x02";

/** The scope of a whole host, where that of a suffix is its length. */
export const WHOLE_HOST = 0x10000;

/** INDEX.md 5.2.1: one pair of route and path, under one host pattern at most. */
export interface RouteEntry {
  /** Bytes, one character each (`utf8String`): reversed host, separator, exact path or prefix. */
  readonly key: string;
  readonly isPrefix: boolean;
  readonly capture: CaptureKind;
  readonly routeId: string;
  /** The route's path as bytes, one character each. */
  readonly pattern: string;
  readonly methods: number;
  readonly priority: number;
  /** As a page has them (`hostsText`); empty: it takes any host, or its key says which. */
  readonly hosts: string;
  /** JSON of `EntryConditions`, one character a byte; empty: none. */
  readonly conditions: string;
  /** Whether trying them neither throws nor needs the request's body. */
  readonly isSure: boolean;
  /** The path's position in its route. */
  readonly position: number;
}

/** What an entry asks beside host, path and method. A list that is empty is left out. */
export interface EntryConditions {
  readonly remote_addrs?: readonly string[];
  readonly vars?: readonly unknown[];
}

/** The entries of a route, one for each of its paths under each of its hosts. */
export function entriesOf(router: RouterName, route: IndexedRoute): RouteEntry[] {
  const hostsDecideFirst = router === "radixtree_host_uri";
  const hosts = hostsDecideFirst ? "" : hostsText(route.hosts);
  const conditions = conditionsOf(route);
  const isSure = cannotFail(parseExpression(route.vars ?? []));
  const scopes =
    hostsDecideFirst && route.hosts.length > 0 ? new Set(route.hosts.map(scopeOf)) : [ANY_HOST];
  const methods = methodMask(route.methods);
  const entries: RouteEntry[] = [];
  for (const scope of scopes) {
    for (const [position, uri] of route.uris.entries()) {
      const pattern = utf8String(uri);
      const { kind, text } = pathEntry(router, pattern);
      const isPrefix = kind === "prefix";
      entries.push({
        key: scope + text,
        isPrefix,
        capture: isPrefix ? captureKind(pattern, text.length) : "none",
        routeId: route.id,
        pattern,
        methods,
        priority: route.priority,
        hosts,
        conditions,
        isSure,
        position,
      });
    }
  }
  return entries;
}

/** INDEX.md 5.2.7: keys by their bytes, then what wins under one key. Never 0 for two entries. */
export function compareEntries(a: RouteEntry, b: RouteEntry): number {
  return (
    compareTexts(a.key, b.key) ||
    Number(a.isPrefix) - Number(b.isPrefix) ||
    b.priority - a.priority ||
    b.pattern.length - a.pattern.length ||
    compareTexts(a.routeId, b.routeId) ||
    a.position - b.position
  );
}

function conditionsOf({ remoteAddrs, vars = [] }: IndexedRoute): string {
  if (remoteAddrs.length === 0 && vars.length === 0) return "";
  const conditions: EntryConditions = {
    ...(remoteAddrs.length > 0 ? { remote_addrs: remoteAddrs } : {}),
    ...(vars.length > 0 ? { vars } : {}),
  };
  return utf8String(JSON.stringify(conditions));
}

/** Hosts lie last character first, so that a wildcard is a prefix. */
function scopeOf(pattern: string): string {
  const star = pattern.lastIndexOf("*");
  const reversed = [...pattern.slice(star + 1)].reverse().join("");
  return utf8String(reversed) + (star < 0 ? EXACT_HOST : HOST_SUFFIX);
}

function methodMask(methods: readonly string[]): number {
  let mask = 0;
  for (const method of methods) mask |= methodBit(method) || NO_KNOWN_METHOD;
  return mask;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
