import type { Upstream } from "../../shared/resources/upstream.ts";
import { BoundedMap } from "../bounded-map.ts";
import { type Balancer, type BalancerDeps, balancerDeps, createBalancer } from "./balancer.ts";
import { InFlight } from "./in-flight.ts";
import { ALWAYS_HEALTHY, type UpstreamHealth } from "./upstream-health.ts";

const UPSTREAMS_KEPT = 10_000;

/** What an isolate remembers of an upstream from one request to the next. */
export interface UpstreamState {
  readonly balancer: Balancer;
  readonly health: UpstreamHealth;
}

interface KeptState extends UpstreamState {
  /** Of the upstream, what its balancer depends on. */
  readonly balancing: string;
  /** Requests that an earlier state of the upstream began are still in hand. */
  readonly inFlight: InFlight;
}

/**
 * An upstream that did not change keeps its balancer, and with it the place in the rotation, from one
 * generation to the next; routes of one upstream share it.
 */
export class BalancerPool {
  readonly #deps: BalancerDeps;
  readonly #states = new BoundedMap<string, KeptState>(UPSTREAMS_KEPT);

  constructor(deps: Pick<BalancerDeps, "now" | "random">) {
    this.#deps = balancerDeps(deps);
  }

  /** `key` is that of the resource that holds the upstream, e.g. `upstreams/1` or `routes/1`. */
  stateOf(key: string, upstream: Upstream): UpstreamState {
    const { hash_on: hashOn, key: hashKey, nodes, scheme, type } = upstream;
    const balancing = JSON.stringify([type, scheme, hashOn, hashKey, nodes]);
    const held = this.#states.get(key);
    if (held?.balancing === balancing) return held;
    const inFlight = held?.inFlight ?? new InFlight();
    const balancer = createBalancer(upstream, this.#deps, inFlight);
    const state = { balancing, balancer, inFlight, health: ALWAYS_HEALTHY };
    this.#states.set(key, state);
    return state;
  }
}
