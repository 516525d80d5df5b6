import { ExpressionFault } from "../../shared/expression/evaluate.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import type { RouteMatch } from "../../shared/routing/route-match.ts";
import { routeAsWritten } from "../compile/indexed-route.ts";
import { comparePrecedence, fitRoute, type RouteFit, type Rule, soughtPlace } from "./route-fit.ts";
import type { RoutingTable } from "./routing-table.ts";
import { type Unmet, unmetConditions } from "./unmet.ts";

/** A route beside the one that matched. */
export interface OtherRoute {
  readonly id: string;
  readonly name: string | undefined;
  /** Of the pair that fits best. */
  readonly uri: string;
  readonly host: string | undefined;
  readonly unmet: readonly Unmet[];
  /** Where nothing is unmet: it would match, but this rule puts another route before it. */
  readonly losesBy: Rule | undefined;
}

export type Reason = Unmet["condition"] | "loses";

export interface Explanation {
  readonly match: RouteMatch | undefined;
  /** Why evaluating a condition failed, which is answered with 500; then there is no match. */
  readonly fault: string | undefined;
  /** The closest first: those whose host and path fit, in the order of precedence, then the most alike. */
  readonly others: readonly OtherRoute[];
  /** How many routes there are beside those, by the first thing that is in the way; most first. */
  readonly rest: Readonly<Partial<Record<Reason, number>>>;
  readonly routes: number;
}

/**
 * Which route serves the request, by the index that the edge reads, and why no other does: for that, every
 * route is looked at once, and the closest `most` are kept.
 */
export async function explainMatch(
  table: RoutingTable,
  facts: Facts,
  most: number,
): Promise<Explanation> {
  const { match, fault } = await matchOf(table, facts);
  const closest = new Closest(most);
  const rest = new Map<Reason, number>();
  const servicesOf = new ServiceHosts(table);
  const sought = soughtPlace(facts);
  let winner: Candidate | undefined;
  let routes = 0;
  for await (const resource of table.routes()) {
    routes += 1;
    const route = routeAsWritten(resource, await servicesOf.known(resource));
    const fit = fitRoute(table.router, route, sought);
    const candidate = { id: resource.id, resource, route, fit };
    if (resource.id === match?.routeId) {
      winner = candidate;
      continue;
    }
    const reason = reasonOf(candidate, facts);
    rest.set(reason, (rest.get(reason) ?? 0) + 1);
    closest.add(candidate);
  }
  const others = closest.list().map((candidate) => {
    const other = told(candidate, winner, facts);
    const reason = other.unmet[0]?.condition ?? "loses";
    rest.set(reason, (rest.get(reason) as number) - 1);
    return other;
  });
  const left = [...rest].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  return { match, fault, others, rest: Object.fromEntries(left), routes };
}

async function matchOf(table: RoutingTable, facts: Facts) {
  try {
    return { match: await table.match(facts), fault: undefined };
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    return { match: undefined, fault: `vars${error.message}` };
  }
}

interface Candidate {
  readonly id: string;
  readonly resource: Resource<"routes">;
  readonly route: IndexedRoute;
  readonly fit: RouteFit;
}

function reasonOf({ resource, route, fit }: Candidate, facts: Facts): Reason {
  // Only the first is looked for: evaluating conditions is what takes time.
  const [first] = unmetConditions(resource.value, route, fit, facts);
  return first?.condition ?? "loses";
}

function told(candidate: Candidate, winner: Candidate | undefined, facts: Facts): OtherRoute {
  const { id, resource, route, fit } = candidate;
  const unmet = [...unmetConditions(resource.value, route, fit, facts)];
  return {
    id,
    name: resource.value.name,
    uri: fit.uri,
    host: fit.host,
    unmet,
    losesBy: unmet.length === 0 ? losesBy(candidate, winner) : undefined,
  };
}

function losesBy(candidate: Candidate, winner: Candidate | undefined): Rule | undefined {
  // Without a winner a fault stopped the search before it came here.
  if (!winner) return undefined;
  const { isFirst, rule } = comparePrecedence(candidate, winner);
  if (!isFirst) return rule;
  const both = `routes/${candidate.id} comes before routes/${winner.id}`;
  throw new Error(`${both}, and still the index gives the latter: it does not fit the bodies`);
}

/** The closest candidates of all that were added. */
class Closest {
  readonly #most: number;
  #kept: Candidate[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  add(candidate: Candidate): void {
    this.#kept.push(candidate);
    if (this.#kept.length > 2 * this.#most + 1000) this.#kept = this.list();
  }

  list(): Candidate[] {
    return this.#kept.sort(compareCloseness).slice(0, this.#most);
  }
}

function compareCloseness(a: Candidate, b: Candidate): number {
  const fits = ({ fit }: Candidate) => Number(fit.hostFits) + Number(fit.pathFits);
  const difference = fits(b) - fits(a) || b.fit.likeness - a.fit.likeness;
  return difference || (comparePrecedence(a, b).isFirst ? -1 : 1);
}

/** The services that routes have their hosts from, each read once. */
class ServiceHosts {
  readonly #table: RoutingTable;
  readonly #read = new Map<string, Resource<"services"> | undefined>();

  constructor(table: RoutingTable) {
    this.#table = table;
  }

  /** What `routeAsWritten` may ask of this route. */
  async known({ value }: Resource<"routes">) {
    const { service_id: id } = value;
    if (id !== undefined && !this.#read.has(`services/${id}`)) {
      this.#read.set(`services/${id}`, await this.#table.resource("services", String(id)));
    }
    return { get: (key: string) => this.#read.get(key) };
  }
}
