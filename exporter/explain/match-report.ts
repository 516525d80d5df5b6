import { mergeGlobalRules } from "../../shared/resources/merge.ts";
import { NO_BINDINGS, type Reach } from "../../shared/resources/reach.ts";
import {
  type FoundUpstream,
  globalRefusal,
  type RefusedRequests,
  resolveRoute,
} from "../../shared/resources/resolve-route.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { type Explanation, explainMatch } from "./explain-match.ts";
import type { Origin, RoutingTable } from "./routing-table.ts";
import { runningPlugins } from "./running-plugins.ts";
import type { SentRequest } from "./sent-request.ts";

/** All that `snapgate match` tells; this is its JSON. */
export interface MatchReport {
  readonly table: Origin & { readonly router: RouterName; readonly routes: number };
  /** The request as the edge reads it; null where it answers 400. */
  readonly request: {
    readonly method: string;
    readonly uri: string;
    readonly host: string;
    readonly hostHeader: string;
    readonly clientAddress: string;
    readonly args: readonly (readonly [name: string, value: string | true])[];
  } | null;
  readonly answer: Answer;
  /** That run before `answer`, and may answer in its place; those of a consumer come to them. */
  readonly plugins: readonly string[];
  readonly match: {
    readonly key: string;
    readonly name: string | null;
    readonly uri: string;
    readonly host: string | null;
    readonly params: Readonly<Record<string, string>>;
  } | null;
  readonly others: Explanation["others"];
  readonly rest: Explanation["rest"];
}

/** What becomes of the request. */
export type Answer =
  | {
      readonly is: "sent on";
      /** The key below the prefix of the resource that holds the upstream. */
      readonly upstreamKey: string;
      readonly upstream: Pick<Upstream, "type" | "scheme" | "nodes" | "service_name">;
    }
  | {
      readonly is: "answered by the gateway";
      readonly status: number;
      readonly reason: string;
    };

/** `request` undefined: no request that an edge reads. */
export async function reportMatch(
  table: RoutingTable,
  request: SentRequest | undefined,
  most: number,
  reach: Reach = NO_BINDINGS,
): Promise<MatchReport> {
  const { origin, router } = table;
  if (!request) {
    const answer = answered(400, "no valid request target or Host");
    const about = { ...origin, router, routes: 0 };
    return { table: about, request: null, answer, plugins: [], match: null, others: [], rest: {} };
  }
  const { facts, uri, args } = request;
  const explanation = await explainMatch(table, facts, most);
  const { match, others, rest, routes } = explanation;
  return {
    table: { ...origin, router, routes },
    request: {
      method: facts.method,
      uri,
      host: facts.host,
      hostHeader: facts.hostHeader,
      clientAddress: facts.remoteAddr,
      args,
    },
    ...(await outcomeOf(table, explanation, reach)),
    match: match
      ? {
          key: `routes/${match.routeId}`,
          name: (await table.resource("routes", match.routeId))?.value.name ?? null,
          uri: match.path,
          host: match.host ?? null,
          params: { ...match.params },
        }
      : null,
    others,
    rest,
  };
}

/** In the order in which the edge comes to it: global rules, matching, the route. */
async function outcomeOf(
  table: RoutingTable,
  { match, fault }: Explanation,
  reach: Reach,
): Promise<Pick<MatchReport, "answer" | "plugins">> {
  const rules = await table.globalRules();
  const refusal = globalRefusal(rules);
  if (refusal) return { answer: refused(refusal), plugins: [] };
  if (fault !== undefined) return { answer: answered(500, fault), plugins: [] };
  const global = mergeGlobalRules(rules).plugins;
  const ofRules = runningPlugins(global, {});
  if (!match) return { answer: answered(404, "no route"), plugins: ofRules };
  const resolved = await resolveRoute(match.routeId, table, reach);
  // Global rules filter and log the answer, and no more.
  if (resolved.is === "refused") return { answer: refused(resolved), plugins: [] };
  const plugins = runningPlugins(global, resolved.merged.plugins);
  return { answer: destinationOf(resolved.destination), plugins };
}

function destinationOf(destination: FoundUpstream | RefusedRequests): Answer {
  if (destination.is === "refused") return refused(destination);
  const { upstreamKey, upstream } = destination;
  const { type, scheme, nodes, service_name } = upstream;
  const named = service_name === undefined ? {} : { service_name };
  return { is: "sent on", upstreamKey, upstream: { type, scheme, nodes, ...named } };
}

function refused({ status, reason }: RefusedRequests): Answer {
  return answered(status, reason);
}

function answered(status: number, reason: string): Answer {
  return { is: "answered by the gateway", status, reason };
}
