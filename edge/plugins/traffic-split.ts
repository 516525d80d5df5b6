import { evaluate } from "../../shared/expression/evaluate.ts";
import type { Expression } from "../../shared/expression/parse.ts";
import { normaliseNodes, type RawNodes } from "../../shared/resources/normalise-nodes.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { GatewayError } from "../errors.ts";
import type { Destination } from "../snapshot/destination.ts";
import { parseCondition } from "./condition.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { ConfigurationRefused, definePlugin, type PluginSite } from "./plugin.ts";
import { Rotations, type Share } from "./rotations.ts";

type InlineUpstream = Omit<Upstream, "nodes"> & { readonly nodes?: RawNodes };

/** Neither id nor upstream: the route's own. */
interface WeightedUpstream {
  readonly upstream_id?: string | number;
  readonly upstream?: InlineUpstream;
  readonly weight: number;
}

interface Rule {
  /** One must hold; absent or empty: it holds always. */
  readonly match?: readonly { readonly vars?: unknown }[];
  readonly weighted_upstreams: readonly WeightedUpstream[];
}

/** Where a share of the requests goes. */
type Way = (exchange: Exchange) => Exit | undefined;

/** `traffic-split`: other upstreams, by conditions and weights (reference 8.5). */
export const trafficSplit = definePlugin<{ readonly rules?: readonly Rule[] }>(({ random }) => {
  const rotations = new Rotations(random);
  return {
    async build({ rules = [] }, site) {
      const parsed = await Promise.all(
        rules.map(async ({ match = [], weighted_upstreams: upstreams }, i) => {
          const places = upstreams.map((each, at) => wayOf(each, `${i}/${at}`, site));
          const ways = await Promise.all(places);
          const key = JSON.stringify([site.definedBy, i, match, upstreams]);
          const next = rotations.of(key, sharesOf(upstreams));
          return { holds: matcherOf(match, i), take: (to: Exchange) => ways[next()]?.(to) };
        }),
      );
      return {
        access: (exchange) => parsed.find(({ holds }) => holds(exchange))?.take(exchange),
      };
    },
  };
});

function matcherOf(match: NonNullable<Rule["match"]>, rule: number) {
  const conditions: readonly Expression[] = match.map(({ vars }, at) =>
    parseCondition(vars, `rules[${rule}].match[${at}].vars`),
  );
  return ({ variables }: Exchange) =>
    conditions.length === 0 || conditions.some((condition) => evaluate(condition, variables));
}

/** As APISIX keeps them: one for each id, and one for the route's own upstream; the last weight counts. */
function sharesOf(upstreams: readonly WeightedUpstream[]): readonly Share[] {
  const shares = new Map<string, Share>();
  for (const [at, { upstream_id: id, upstream, weight }] of upstreams.entries()) {
    const name = id !== undefined ? `id ${id}` : upstream ? `inline ${at}` : "own";
    shares.set(name, { at, weight });
  }
  return [...shares.values()];
}

async function wayOf(weighted: WeightedUpstream, place: string, site: PluginSite): Promise<Way> {
  const { upstream_id: id, upstream } = weighted;
  if (id !== undefined) {
    const found = await site.upstreamById(String(id));
    if (found) return wayTo(found);
    const body = `failed to fetch upstream info by upstream id: ${id}`;
    return () => ({ status: 500, body });
  }
  if (!upstream) return wayTo(undefined);
  const key = `${site.definedBy}/traffic-split/${place}`;
  return wayTo(site.inlineUpstream(key, keptOf(upstream)));
}

/** An upstream that the edge cannot use answers as it would for a route. */
function wayTo(destination: Destination | GatewayError | undefined): Way {
  return (exchange) => {
    if (destination instanceof GatewayError) throw destination;
    exchange.destination = destination;
    return undefined;
  };
}

/** What APISIX takes over of an inline upstream: no retries, checks, certificates or discovery. */
function keptOf(given: InlineUpstream): Upstream {
  const { name, type, hash_on, key, pass_host, upstream_host, timeout, scheme } = given;
  if (!given.nodes) throw new ConfigurationRefused("an upstream of traffic-split needs nodes");
  if (pass_host === "rewrite" && !upstream_host) {
    throw new ConfigurationRefused("an upstream with pass_host rewrite needs an upstream_host");
  }
  const nodes = normaliseNodes(given.nodes);
  if ("noAddress" in nodes) {
    throw new ConfigurationRefused(`${JSON.stringify(nodes.noAddress)} is no host:port`);
  }
  return {
    ...{ type, hash_on, pass_host, scheme, nodes },
    ...(name === undefined ? {} : { name }),
    ...(key === undefined ? {} : { key }),
    ...(upstream_host === undefined ? {} : { upstream_host }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}
