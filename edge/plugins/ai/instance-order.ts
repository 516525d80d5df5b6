import type { Variables } from "../../../shared/expression/variables.ts";
import { crc32 } from "../../balancer/crc32.ts";
import { hashKeyOf } from "../../balancer/hash-key.ts";
import type { GroupedNode, NodeGroup } from "../../balancer/node-group.ts";
import { RingShelf } from "../../balancer/ring-shelf.ts";
import { createRoundRobin, type RoundRobin } from "../../balancer/round-robin.ts";
import { BoundedMap } from "../../bounded-map.ts";
import { ConfigurationRefused } from "../plugin.ts";

/** What of an instance decides when it is its turn. */
export interface WeightedInstance {
  readonly name: string;
  readonly weight: number;
  /** The highest first; a lower one only when none of a higher one is left. */
  readonly priority: number;
}

export interface BalancerConfiguration {
  readonly algorithm?: "chash" | "roundrobin" | "semantic";
  readonly hash_on?: "vars" | "header" | "cookie" | "consumer" | "vars_combinations";
  readonly key?: string;
}

/** Names in the order in which one request should try them, each once. Throws `BodyNeeded` as variables do. */
export type InstanceOrder = (variables: Variables) => Generator<string, undefined>;

/** What of an isolate outlives a generation: places in rotations, and rings. */
export class InstanceOrders {
  readonly #random: () => number;
  readonly #rotations = new BoundedMap<string, readonly RoundRobin<WeightedInstance>[]>(10_000);
  readonly #rings = new RingShelf();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** `place` tells where the instances are configured. Throws `ConfigurationRefused`. */
  of(
    place: string,
    instances: readonly WeightedInstance[],
    { algorithm = "roundrobin", hash_on: hashOn = "vars", key = "" }: BalancerConfiguration,
  ): InstanceOrder {
    const groups = byPriority(instances);
    if (algorithm === "roundrobin") return this.#inTurn(place, groups);
    if (algorithm === "semantic") {
      throw new ConfigurationRefused("balancer.algorithm: the edge does not choose by meaning");
    }
    const hashKey = hashKeyOf({ hash_on: hashOn, key });
    const rings = this.#rings;
    const nodeGroups = groups.map(asNodes);
    const walk = function* (hash: number): Generator<string, undefined> {
      for (const group of nodeGroups) {
        const ring = rings.ringOf(group).from(hash);
        for (let next = ring.next(); !next.done; next = ring.next()) {
          const found = group[next.value];
          if (found) yield found.address;
        }
      }
      return undefined;
    };
    // The key is read at once: it may need the request's body.
    return (variables) => walk(crc32(hashKey(variables)));
  }

  #inTurn(place: string, groups: readonly (readonly WeightedInstance[])[]): InstanceOrder {
    const key = JSON.stringify([place, groups]);
    const rotations =
      this.#rotations.get(key) ?? groups.map((group) => createRoundRobin(group, this.#random));
    this.#rotations.set(key, rotations);
    return function* () {
      for (const rotation of rotations) {
        const untried = rotation.untried();
        for (let next = untried.next(); !next.done; next = untried.next()) yield next.value.name;
      }
      return undefined;
    };
  }
}

/** Of two with the same name the last one counts, as in APISIX. */
function byPriority(instances: readonly WeightedInstance[]): WeightedInstance[][] {
  const groups = new Map<number, Map<string, WeightedInstance>>();
  for (const { name, weight, priority } of instances) {
    const group = groups.get(priority) ?? new Map<string, WeightedInstance>();
    groups.set(priority, group.set(name, { name, weight, priority }));
  }
  return [...groups.entries()].sort(([a], [b]) => b - a).map(([, group]) => [...group.values()]);
}

/** A ring knows nodes by their addresses; an instance's is its name. */
function asNodes(group: readonly WeightedInstance[]): NodeGroup {
  return group.map(({ name, weight, priority }): GroupedNode => {
    return { node: { host: name, weight, priority }, address: name, weight };
  });
}
