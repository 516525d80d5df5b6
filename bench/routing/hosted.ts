import type { BuiltRouter } from "./contender.ts";
import type { Condition, TableRoute } from "./route-table.ts";

/** The routes of one host. */
export type HostRouter = (
  method: string,
  path: string,
  values: Readonly<Record<string, string>>,
) => string | undefined;

/**
 * What every peer needs beside its paths. None of them has wildcard hosts, priorities or conditions on
 * variables, so each gets the best set-up that is known for these: one router for each host, found in a
 * Map; then that of the wildcard; then that of any host.
 */
export class Hosted implements BuiltRouter {
  readonly #exact = new Map<string, HostRouter>();
  readonly #suffixes = new Map<string, HostRouter>();
  #any: HostRouter | undefined;

  /** `build` gets the routes of one host in order of precedence. */
  constructor(table: readonly TableRoute[], build: (routes: readonly TableRoute[]) => HostRouter) {
    const byHost = Map.groupBy(
      table.flatMap((route) =>
        (route.hosts.length > 0 ? route.hosts : [""]).map((host) => ({ host, route })),
      ),
      ({ host }) => host,
    );
    for (const [host, entries] of byHost) {
      const router = build(entries.map(({ route }) => route).sort(comparePrecedence));
      if (host === "") this.#any = router;
      else if (host.startsWith("*")) this.#suffixes.set(host.slice(1), router);
      else this.#exact.set(host, router);
    }
  }

  match(
    method: string,
    host: string,
    path: string,
    values: Readonly<Record<string, string>>,
  ): string | undefined {
    const exact = this.#exact.get(host);
    const own = exact === undefined ? undefined : exact(method, path, values);
    if (own !== undefined) return own;
    const suffix = this.#suffix(host);
    const under = suffix === undefined ? undefined : suffix(method, path, values);
    if (under !== undefined) return under;
    return this.#any === undefined ? undefined : this.#any(method, path, values);
  }

  /** The wildcards of the table are all `*.` and a host. */
  #suffix(host: string): HostRouter | undefined {
    const dot = host.indexOf(".");
    return dot < 0 ? undefined : this.#suffixes.get(host.slice(dot));
  }
}

/** Exact before prefix, longer prefix before shorter, then priority: for routers that keep an order. */
function comparePrecedence(a: TableRoute, b: TableRoute): number {
  return (
    prefixLength(b) - prefixLength(a) || b.priority - a.priority || b.uri.length - a.uri.length
  );
}

function prefixLength({ uri }: TableRoute): number {
  const cut = uri.search(/[:*]/);
  return cut < 0 ? Number.POSITIVE_INFINITY : cut;
}

/** What a peer stores for a route. */
export interface Candidate {
  readonly id: string;
  readonly vars: readonly Condition[] | undefined;
}

export function candidateOf({ id, vars }: TableRoute): Candidate {
  return { id, vars: vars.length > 0 ? vars : undefined };
}

export function holds({ vars }: Candidate, values: Readonly<Record<string, string>>): boolean {
  if (vars === undefined) return true;
  for (const [name, operator, wanted] of vars) {
    const value = values[name];
    if (value === undefined) return false;
    if (operator === "==" ? value !== wanted : !wanted.includes(value)) return false;
  }
  return true;
}

/** The routes that share a method and a path, best first: for routers that hold one thing under both. */
export interface CandidateList {
  readonly method: string;
  readonly path: string;
  readonly candidates: readonly Candidate[];
}

/** A route for any method is entered under each, which spares a second look at every request. */
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/** `routes` are those of one host, in order of precedence. */
export function candidateLists(routes: readonly TableRoute[]): CandidateList[] {
  const lists = new Map<string, CandidateList & { candidates: Candidate[] }>();
  for (const route of routes) {
    const candidate = candidateOf(route);
    for (const method of route.methods.length > 0 ? route.methods : METHODS) {
      const key = `${method} ${route.uri}`;
      const list = lists.get(key);
      if (list) list.candidates.push(candidate);
      else lists.set(key, { method, path: route.uri, candidates: [candidate] });
    }
  }
  return [...lists.values()];
}

export function firstThatHolds(
  candidates: readonly Candidate[],
  values: Readonly<Record<string, string>>,
): string | undefined {
  for (const candidate of candidates) if (holds(candidate, values)) return candidate.id;
  return undefined;
}
