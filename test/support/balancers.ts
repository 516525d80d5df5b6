import type { Balancer } from "../../edge/balancer/balancer.ts";
import { balancerDeps, createBalancer } from "../../edge/balancer/create-balancer.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import { seededRandom } from "./random.ts";

/** Balancers over nodes that are written as `["a", 5]` or, with a priority, `["a", 5, -1]`. */
export type Weighted = readonly [host: string, weight: number, priority?: number];

export const NO_VARIABLES: Variables = { get: () => undefined };

/** The variables of a request that has these. */
export const having = (values: Readonly<Record<string, string | boolean>>): Variables => ({
  get: (name) => values[name],
});

export function upstreamOf(nodes: readonly Weighted[], fields: Partial<Upstream> = {}): Upstream {
  return {
    nodes: nodes.map(
      ([host, weight, priority = 0]): UpstreamNode => ({ host, port: 80, weight, priority }),
    ),
    type: "roundrobin",
    scheme: "http",
    pass_host: "pass",
    hash_on: "vars",
    ...fields,
  };
}

/** On a seed, and a clock that a test sets. */
export function balancerOf(
  nodes: readonly Weighted[],
  fields: Partial<Upstream> = {},
  { seed = 1, clock = { now: 0 } } = {},
): Balancer {
  const deps = balancerDeps({ now: () => clock.now, random: seededRandom(seed).next });
  return createBalancer(upstreamOf(nodes, fields), deps);
}

/** The hosts that one request may try, up to a limit. */
export function tries(balancer: Balancer, limit = 10, variables = NO_VARIABLES): string[] {
  const candidates = balancer.candidates(variables);
  const hosts: string[] = [];
  for (let next = candidates.next(); !next.done && hosts.length < limit; next = candidates.next())
    hosts.push(next.value.host);
  return hosts;
}

/** The first choice of one request, leaving out what is not `usable`. */
export function choice(
  balancer: Balancer,
  variables = NO_VARIABLES,
  isUsable: (host: string) => boolean = () => true,
): UpstreamNode | undefined {
  const candidates = balancer.candidates(variables);
  for (let next = candidates.next(); !next.done; next = candidates.next()) {
    if (isUsable(next.value.host)) return next.value;
  }
  return undefined;
}

/** The first choices of `count` requests. */
export function firsts(balancer: Balancer, count: number): string[] {
  return Array.from({ length: count }, () => choice(balancer)?.host ?? "none");
}

export function counted(hosts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const host of hosts) counts[host] = (counts[host] ?? 0) + 1;
  return counts;
}
