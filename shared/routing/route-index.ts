import type { RouterName } from "../snapshot/format.ts";
import type { Facts } from "./facts.ts";

/** One route as the index builder takes it; hosts are already those of route or service. */
export interface IndexedRoute {
  readonly id: string;
  readonly uris: readonly string[];
  /** Lower-cased host patterns; empty where the route takes any host. */
  readonly hosts: readonly string[];
  /** Empty: any method. */
  readonly methods: readonly string[];
  readonly priority: number;
}

/** The route found for a request. */
export interface RouteMatch {
  readonly routeId: string;
  /** The route's pattern that matched, e.g. `/foo/*`. */
  readonly path: string;
  /** The host pattern that matched, where there was one. */
  readonly host: string | undefined;
  /** Captured parameters by name; `:ext` is what an unnamed `*` matched. */
  readonly params: Readonly<Record<string, string>>;
}

/** A route index, opened from bytes and read in place. */
export interface RouteIndex {
  readonly router: RouterName;
  /** How many routes it holds. */
  readonly routes: number;
  match(facts: Facts): RouteMatch | undefined;
}
