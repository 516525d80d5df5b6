import type { Variables } from "../../shared/expression/variables.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { addressAccepted } from "./naive-address.ts";
import { naiveHolds } from "./naive-expression.ts";

/** What takes part in matching, as it lies in etcd: values by kind and id. */
export interface RoutingResources {
  readonly routes: Readonly<Record<string, RouteValue>>;
  readonly services?: Readonly<Record<string, { readonly hosts?: readonly string[] }>>;
}

export interface RouteValue {
  readonly uri?: string;
  readonly uris?: readonly string[];
  readonly host?: string;
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  readonly priority?: number;
  readonly status?: 0 | 1;
  readonly service_id?: string;
  readonly remote_addr?: string;
  readonly remote_addrs?: readonly string[];
  readonly vars?: readonly unknown[];
}

/** One request, as everything that matches sees it. */
export interface TriedRequest {
  readonly method: string;
  readonly uri: string;
  readonly host: string;
  readonly hostHeader: string;
  readonly remoteAddr: string;
  readonly variables: Variables;
}

export interface NaiveMatch {
  readonly routeId: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly params: Readonly<Record<string, string>>;
}

/** One way in which one route accepts the request, with what decides between ways. */
interface Way {
  readonly match: NaiveMatch;
  readonly hostRank: number;
  readonly pathRank: number;
  readonly priority: number;
  readonly patternBytes: number;
}

/** All that APISIX itself knows; of any other, a route with methods takes none. */
const METHODS = "GET POST PUT DELETE PATCH HEAD OPTIONS CONNECT TRACE PURGE".split(" ");

/**
 * APISIX's matching in the plainest way: every route tried in the order of the keys, whatever accepts
 * sorted by the rules. It shares no code with the index and uses regular expressions, as APISIX does.
 */
export function naiveMatcher(
  router: RouterName,
  resources: RoutingResources,
): (request: TriedRequest) => NaiveMatch | undefined {
  const ordered = Object.entries(resources.routes).sort(([a], [b]) => compareBytes(a, b));
  return (request) => {
    const ways = ordered.flatMap(([id, route]) =>
      route.status !== 0 && conditionsHold(route, request)
        ? waysOf(router, id, route, hostsOf(route, resources), request)
        : [],
    );
    const [best] = ways.sort(
      (a, b) =>
        b.hostRank - a.hostRank ||
        b.pathRank - a.pathRank ||
        b.priority - a.priority ||
        b.patternBytes - a.patternBytes,
    );
    return best?.match;
  };
}

function conditionsHold(route: RouteValue, request: TriedRequest): boolean {
  const { methods = [], remote_addr, remote_addrs, vars = [] } = route;
  const addresses = remote_addrs ?? (remote_addr === undefined ? [] : [remote_addr]);
  if (methods.length > 0 && !METHODS.includes(request.method)) return false;
  if (methods.length > 0 && !methods.includes(request.method)) return false;
  if (addresses.length > 0 && !addressAccepted(addresses, request.remoteAddr)) return false;
  return naiveHolds(vars, (name) => request.variables.get(name));
}

function hostsOf(route: RouteValue, { services = {} }: RoutingResources): readonly string[] {
  const own = route.hosts ?? (route.host === undefined ? undefined : [route.host]);
  const hosts = own ?? services[route.service_id ?? ""]?.hosts ?? [];
  return hosts.map((host) => host.toLowerCase());
}

function waysOf(
  router: RouterName,
  id: string,
  route: RouteValue,
  hosts: readonly string[],
  request: TriedRequest,
): Way[] {
  const hostsDecideFirst = router === "radixtree_host_uri";
  const accepting = hosts.filter((pattern) => hostAccepts(pattern, request, hostsDecideFirst));
  if (hosts.length > 0 && accepting.length === 0) return [];
  const matchHosts = hostsDecideFirst && hosts.length > 0 ? accepting : [accepting[0]];
  return matchHosts.flatMap((host) =>
    (route.uris ?? [route.uri ?? ""]).flatMap((path) => {
      const params = paramsOf(router, path, request.uri);
      if (!params) return [];
      return {
        match: { routeId: id, path, host, params },
        hostRank: hostsDecideFirst ? hostRank(host) : 0,
        pathRank: pathRank(router, path),
        priority: route.priority ?? 0,
        patternBytes: Buffer.byteLength(path),
      };
    }),
  );
}

function hostAccepts(pattern: string, request: TriedRequest, portless: boolean): boolean {
  const host = pattern.includes(":") && !portless ? request.hostHeader : request.host;
  return pattern.startsWith("*") ? host.endsWith(pattern.slice(1)) : host === pattern;
}

/** Exact, then the longer wildcard, then none. */
function hostRank(pattern: string | undefined): number {
  if (pattern === undefined) return 0;
  return pattern.startsWith("*") ? pattern.length : 1_000_000;
}

/** The text before the first `:` (with parameters) or `*`; undefined for an exact path. */
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

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
