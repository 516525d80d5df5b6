import type { Upstream } from "../../shared/resources/upstream.ts";
import { BoundedMap } from "../bounded-map.ts";
import { CheckedUpstream, type CheckedUpstreamDeps } from "../health/checked-upstream.ts";
import { type Balancer, createBalancer } from "./balancer.ts";
import { ALWAYS_HEALTHY, type UpstreamHealth } from "./upstream-health.ts";

const UPSTREAMS_KEPT = 10_000;

/** What an isolate remembers of an upstream from one request to the next. */
export interface UpstreamState {
  readonly balancer: Balancer;
  readonly health: UpstreamHealth;
}

interface Checked {
  readonly checks: string;
  readonly health: CheckedUpstream;
}

/**
 * An upstream that did not change keeps its balancer, and with it the place in the rotation, from one
 * generation to the next; routes of one upstream share it.
 */
export class BalancerPool {
  readonly #random: () => number;
  readonly #checks: CheckedUpstreamDeps;
  readonly #states = new BoundedMap<string, UpstreamState & { readonly nodes: string }>(
    UPSTREAMS_KEPT,
  );
  readonly #checked = new BoundedMap<string, Checked>(UPSTREAMS_KEPT);

  constructor(random: () => number, checks: CheckedUpstreamDeps) {
    this.#random = random;
    this.#checks = checks;
  }

  /** How many nodes are left out for what their answers to this isolate's requests were. */
  get takenOut(): number {
    let sum = 0;
    for (const { health } of this.#checked.values()) sum += health.takenOut;
    return sum;
  }

  /** `key` is that of the resource that holds the upstream, e.g. `upstreams/1` or `routes/1`. */
  stateOf(key: string, upstream: Upstream): UpstreamState {
    const nodes = JSON.stringify([upstream.type, upstream.nodes, upstream.scheme, upstream.checks]);
    const held = this.#states.get(key);
    if (held?.nodes === nodes) return held;
    const balancer = createBalancer(upstream, this.#random);
    const state = { nodes, balancer, health: this.#healthOf(key, upstream) };
    this.#states.set(key, state);
    return state;
  }

  #healthOf(key: string, upstream: Upstream): UpstreamHealth {
    if (!upstream.checks) return ALWAYS_HEALTHY;
    const checks = JSON.stringify(upstream.checks);
    const held = this.#checked.get(key);
    const before = held?.checks === checks ? held.health : undefined;
    const health = new CheckedUpstream(key, upstream, this.#checks, before);
    this.#checked.set(key, { checks, health });
    return health;
  }
}
