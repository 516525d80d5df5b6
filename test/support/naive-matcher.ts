import type { Facts } from "../../shared/routing/facts.ts";
import type { IndexedRoute, RouteMatch } from "../../shared/routing/route-index.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";

/**
 * APISIX's matching in the plainest way: everything that could match, all tried, sorted by the rules.
 * It shares no code with the index and uses regular expressions, as APISIX does.
 */
export function naiveMatch(
  router: RouterName,
  routes: readonly IndexedRoute[],
  facts: Facts,
): RouteMatch | undefined {
  const byId = [...routes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const candidates = byId.flatMap((route) => candidatesOf(router, route, facts));
  const [best] = candidates.sort(
    (a, b) =>
      b.hostRank - a.hostRank ||
      b.pathRank - a.pathRank ||
      b.priority - a.priority ||
      b.patternBytes - a.patternBytes,
  );
  return best?.match;
}

interface Candidate {
  readonly match: RouteMatch;
  readonly hostRank: number;
  readonly pathRank: number;
  readonly priority: number;
  readonly patternBytes: number;
}

function candidatesOf(router: RouterName, route: IndexedRoute, facts: Facts): Candidate[] {
  const { methods, hosts, priority } = route;
  if (methods.length > 0 && !(methods.includes(facts.method) && facts.method !== "BREW")) return [];
  const hostsDecideFirst = router === "radixtree_host_uri";
  const accepted = hosts.filter((pattern) => hostAccepts(pattern, facts, hostsDecideFirst));
  if (hosts.length > 0 && accepted.length === 0) return [];
  const matchHosts = hostsDecideFirst && hosts.length > 0 ? accepted : [accepted[0]];
  return matchHosts.flatMap((host) =>
    route.uris.flatMap((path) => {
      const params = paramsOf(router, path, facts.uri);
      if (!params) return [];
      return {
        match: { routeId: route.id, path, host, params },
        hostRank: hostsDecideFirst ? hostRank(host) : 0,
        pathRank: pathRank(router, path),
        priority,
        patternBytes: Buffer.byteLength(path),
      };
    }),
  );
}

function hostAccepts(pattern: string, facts: Facts, portless: boolean): boolean {
  const host = pattern.includes(":") && !portless ? facts.hostHeader : facts.host;
  return pattern.startsWith("*") ? host.endsWith(pattern.slice(1)) : host === pattern;
}

function hostRank(pattern: string | undefined): number {
  if (pattern === undefined) return 0;
  return pattern.startsWith("*") ? pattern.length : 10_000;
}

function prefixOf(router: RouterName, path: string): string | undefined {
  const colon = router === "radixtree_uri_with_parameter" ? path.indexOf(":") : -1;
  if (colon >= 0) return path.slice(0, colon);
  return path.includes("*") ? path.slice(0, path.indexOf("*")) : undefined;
}

function pathRank(router: RouterName, path: string): number {
  const prefix = prefixOf(router, path);
  return prefix === undefined ? 1_000_000 : Buffer.byteLength(prefix);
}

function paramsOf(router: RouterName, path: string, uri: string) {
  const prefix = prefixOf(router, path);
  if (prefix === undefined) return path === uri ? {} : undefined;
  if (!uri.startsWith(prefix)) return undefined;
  const names: string[] = [];
  const segments = path.split("/").map((segment) => {
    if (!/^[:*]/.test(segment)) return segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    names.push(segment === "*" ? ":ext" : segment.slice(1) || ":ext");
    return segment.startsWith(":") ? "([^/]+)" : "([^]*)";
  });
  if (names.length === 0) return {};
  const found = new RegExp(`^${segments.join("/")}$`).exec(uri);
  return found && Object.fromEntries(names.map((name, i) => [name, found[i + 1] as string]));
}
