import type { Resources } from "../../shared/resources/resolve-route.ts";
import type { Resource, Values } from "../../shared/resources/resource.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import type { RouteMatch } from "../../shared/routing/route-match.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";

/** Where routes were read from. */
export type Origin =
  | { readonly from: "store"; readonly generation: number; readonly isLive: boolean }
  /** `rejected`: how many values could not be used; a last valid one of such a key is not known here. */
  | { readonly from: "etcd"; readonly revision: number; readonly rejected: number };

/** Everything that a request is matched against, of one moment. */
export interface RoutingTable extends Resources {
  readonly origin: Origin;
  readonly router: RouterName;
  /** By the index that the edge reads. Throws what evaluating `vars` throws. */
  match(facts: Facts): Promise<RouteMatch | undefined>;
  /** Every route, those that never match too, in the order of their keys or in none. */
  routes(): AsyncIterable<Resource<"routes">>;
  globalRules(): Promise<readonly Values["global_rules"][]>;
}
