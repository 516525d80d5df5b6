import type { Upstream } from "../../shared/resources/upstream.ts";
import { BoundedMap } from "../bounded-map.ts";
import { CheckedUpstream, type CheckedUpstreamDeps } from "../health/checked-upstream.ts";
import type { Balancer, BalancerDeps } from "./balancer.ts";
import { balancerDeps, createBalancer } from "./create-balancer.ts";
import { InFlight } from "./in-flight.ts";
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
  readonly #checks: CheckedUpstreamDeps;
  readonly #states = new BoundedMap<string, KeptState>(UPSTREAMS_KEPT);
  readonly #checked = new BoundedMap<string, Checked>(UPSTREAMS_KEPT);

  constructor(deps: Pick<BalancerDeps, "random"> & CheckedUpstreamDeps) {
    this.#deps = balancerDeps(deps);
    this.#checks = deps;
  }

  /** How many nodes are left out for what their answers to this isolate's requests were. */
  get takenOut(): number {
    let sum = 0;
    for (const { health } of this.#checked.values()) sum += health.takenOut;
    return sum;
  }

  /** `key` is that of the resource that holds the upstream, e.g. `upstreams/1` or `routes/1`. */
  stateOf(key: string, upstream: Upstream): UpstreamState {
    const { checks, hash_on: hashOn, key: hashKey, nodes, scheme, type } = upstream;
    const balancing = JSON.stringify([type, scheme, hashOn, hashKey, nodes, checks]);
    const held = this.#states.get(key);
    if (held?.balancing === balancing) return held;
    const inFlight = held?.inFlight ?? new InFlight();
    const balancer = createBalancer(upstream, this.#deps, inFlight);
    const state = { balancing, balancer, inFlight, health: this.#healthOf(key, upstream) };
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
