import type { Upstream } from "../../shared/resources/upstream.ts";
import { BoundedMap } from "../bounded-map.ts";
import { type Balancer, createBalancer } from "./balancer.ts";

const BALANCERS_KEPT = 10_000;

/**
 * The balancers of an isolate. An upstream that did not change keeps its balancer, and with it the place
 * in the rotation, from one generation to the next; routes of one upstream share it.
 */
export class BalancerPool {
  readonly #random: () => number;
  readonly #balancers = new BoundedMap<string, { nodes: string; balancer: Balancer }>(
    BALANCERS_KEPT,
  );

  constructor(random: () => number) {
    this.#random = random;
  }

  /** `key` is that of the resource that holds the upstream, e.g. `upstreams/1` or `routes/1`. */
  balancerOf(key: string, upstream: Upstream): Balancer {
    const nodes = JSON.stringify([upstream.type, upstream.nodes]);
    const held = this.#balancers.get(key);
    if (held?.nodes === nodes) return held.balancer;
    const balancer = createBalancer(upstream, this.#random);
    this.#balancers.set(key, { nodes, balancer });
    return balancer;
  }
}
