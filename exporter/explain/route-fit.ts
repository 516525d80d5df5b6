import type { Facts } from "../../shared/routing/facts.ts";
import { matchPattern, pathEntry } from "../../shared/routing/path-pattern.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { byteString, utf8String } from "../../shared/routing/uri-bytes.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";

/** How the best pair of a route's hosts and paths fits a request. */
export interface RouteFit {
  /** The route's pattern. */
  readonly uri: string;
  /** The host pattern; undefined where the route takes any host. */
  readonly host: string | undefined;
  readonly hostFits: boolean;
  readonly pathFits: boolean;
  /** From 0 to 2: how much of host and path is alike; 2 where both fit. */
  readonly likeness: number;
  readonly rank: Rank;
}

/** What decides between routes that all fit (INDEX.md 5.2.7); more is better. */
export interface Rank {
  readonly host: number;
  readonly path: number;
  readonly priority: number;
  readonly patternBytes: number;
}

/** By which rule one route comes before another; `key` where nothing but the order of keys decides. */
export type Rule = keyof Rank | "key";

const RULES: readonly (keyof Rank)[] = ["host", "path", "priority", "patternBytes"];
const EXACT = Number.POSITIVE_INFINITY;

/** What of a request a fit is about. */
export interface SoughtPlace {
  readonly facts: Facts;
  /** `byteString(facts.uri)` */
  readonly uriBytes: string;
}

export function soughtPlace(facts: Facts): SoughtPlace {
  return { facts, uriBytes: byteString(facts.uri) };
}

/** The pair that comes first among those that fit, or else that is most alike. */
export function fitRoute(router: RouterName, route: IndexedRoute, sought: SoughtPlace): RouteFit {
  const bestHost = best(fitHosts(router, route, sought.facts));
  const bestPath = best(route.uris.map((uri) => fitPath(router, uri, sought)));
  return {
    uri: bestPath.pattern,
    host: bestHost.pattern,
    hostFits: bestHost.likeness === 1,
    pathFits: bestPath.likeness === 1,
    likeness: bestHost.likeness + bestPath.likeness,
    rank: {
      host: bestHost.rank,
      path: bestPath.rank,
      priority: route.priority,
      patternBytes: bestPath.patternBytes,
    },
  };
}

/** Which of two routes comes first, and by which rule; `isFirst`: it is `a`. The ids are not the same. */
export function comparePrecedence(
  a: { readonly id: string; readonly fit: RouteFit },
  b: { readonly id: string; readonly fit: RouteFit },
): { readonly isFirst: boolean; readonly rule: Rule } {
  for (const rule of RULES) {
    const [ours, theirs] = [a.fit.rank[rule], b.fit.rank[rule]];
    if (ours !== theirs) return { isFirst: ours > theirs, rule };
  }
  return { isFirst: a.id < b.id, rule: "key" };
}

/** How one host or one path of a route fits. */
interface PatternFit<P extends string | undefined> {
  readonly pattern: P;
  /** 1: it fits. */
  readonly likeness: number;
  readonly rank: number;
  readonly patternBytes: number;
}

function best<P extends string | undefined>(fits: readonly PatternFit<P>[]): PatternFit<P> {
  return fits.reduce((a, b) => (isBetter(b, a) ? b : a));
}

function isBetter(a: PatternFit<string | undefined>, b: PatternFit<string | undefined>): boolean {
  if (a.likeness !== b.likeness) return a.likeness > b.likeness;
  if (a.rank !== b.rank) return a.rank > b.rank;
  return a.patternBytes > b.patternBytes;
}

function fitHosts(
  router: RouterName,
  { hosts }: IndexedRoute,
  facts: Facts,
): PatternFit<string | undefined>[] {
  const decide = router === "radixtree_host_uri";
  if (hosts.length === 0) return [{ pattern: undefined, likeness: 1, rank: 0, patternBytes: 0 }];
  return hosts.map((pattern) => {
    // A pattern with a port is held against the Host header, except where hosts decide first.
    const asked = !decide && pattern.includes(":") ? facts.hostHeader : facts.host;
    const isWild = pattern.startsWith("*");
    const wanted = isWild ? pattern.slice(1) : pattern;
    const fits = isWild ? asked.endsWith(wanted) : asked === wanted;
    const rank = isWild ? pattern.length : EXACT;
    const likeness = fits ? 1 : likenessAtEnd(asked, wanted);
    return { pattern, likeness, rank: decide ? rank : 0, patternBytes: 0 };
  });
}

function fitPath(
  router: RouterName,
  uri: string,
  { facts, uriBytes }: SoughtPlace,
): PatternFit<string> {
  const bytes = utf8String(uri);
  const { kind, text } = pathEntry(router, bytes);
  const fits =
    kind === "exact"
      ? uriBytes === text
      : uriBytes.startsWith(text) && matchPattern(bytes, uriBytes) !== undefined;
  return {
    pattern: uri,
    likeness: fits ? 1 : likenessAtBeginning(facts.uri, uri),
    rank: kind === "exact" ? EXACT : text.length,
    patternBytes: bytes.length,
  };
}

/** Less than 1, whatever the texts. */
function likenessAtBeginning(a: string, b: string): number {
  let shared = 0;
  while (shared < a.length && a.charCodeAt(shared) === b.charCodeAt(shared)) shared++;
  return shared / (Math.max(a.length, b.length) + 1);
}

function likenessAtEnd(a: string, b: string): number {
  let shared = 0;
  while (shared < a.length && a.at(-1 - shared) === b.at(-1 - shared)) shared++;
  return shared / (Math.max(a.length, b.length) + 1);
}
