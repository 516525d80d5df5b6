import type { Upstream } from "../../shared/resources/upstream.ts";
import { BoundedMap } from "../bounded-map.ts";
import { type Balancer, createBalancer } from "./balancer.ts";
import { ALWAYS_HEALTHY, type UpstreamHealth } from "./upstream-health.ts";

const UPSTREAMS_KEPT = 10_000;

/** What an isolate remembers of an upstream from one request to the next. */
export interface UpstreamState {
  readonly balancer: Balancer;
  readonly health: UpstreamHealth;
}

/**
 * An upstream that did not change keeps its balancer, and with it the place in the rotation, from one
 * generation to the next; routes of one upstream share it.
 */
export class BalancerPool {
  readonly #random: () => number;
  readonly #states = new BoundedMap<string, UpstreamState & { readonly nodes: string }>(
    UPSTREAMS_KEPT,
  );

  constructor(random: () => number) {
    this.#random = random;
  }

  /** `key` is that of the resource that holds the upstream, e.g. `upstreams/1` or `routes/1`. */
  stateOf(key: string, upstream: Upstream): UpstreamState {
    const nodes = JSON.stringify([upstream.type, upstream.nodes]);
    const held = this.#states.get(key);
    if (held?.nodes === nodes) return held;
    const balancer = createBalancer(upstream, this.#random);
    const state = { nodes, balancer, health: ALWAYS_HEALTHY };
    this.#states.set(key, state);
    return state;
  }
}
