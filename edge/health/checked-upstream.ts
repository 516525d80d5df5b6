import { nodeAddress } from "../../shared/health/active-check.ts";
import { NodeHealth } from "../../shared/health/node-health.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import type { AttemptOutcome, UpstreamHealth } from "../balancer/upstream-health.ts";
import type { ActiveVerdicts } from "./active-verdicts.ts";
import { type PassiveCheck, passiveCheckOf } from "./passive-check.ts";

export interface CheckedUpstreamDeps {
  readonly verdicts: ActiveVerdicts;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** How long a node stays out at least that nobody probes. */
const UNPROBED_MS = 10_000;

const EVERY_NODE = () => true;

/**
 * The health of one upstream's nodes in this isolate: what active checks say of them everywhere, and what
 * the answers to this isolate's own requests have shown.
 */
export class CheckedUpstream implements UpstreamHealth {
  readonly #key: string;
  readonly #deps: CheckedUpstreamDeps;
  readonly #passive: PassiveCheck | undefined;
  readonly #upstream: Upstream;
  /** Nodes that requests may be sent to at all, by their weights. */
  readonly #drawable: readonly UpstreamNode[];
  /** By address. */
  readonly #counted: Map<string, NodeHealth>;
  /** Since when requests have found a node dead, by address. */
  readonly #takenOut: Map<string, number>;

  /**
   * `key` is that of the resource that holds the upstream. `before` is the same under the same `checks`
   * with other nodes: those that stay keep their state, as in APISIX.
   */
  constructor(
    key: string,
    upstream: Upstream,
    deps: CheckedUpstreamDeps,
    before?: CheckedUpstream,
  ) {
    this.#key = key;
    this.#deps = deps;
    this.#passive = passiveCheckOf(upstream);
    this.#upstream = upstream;
    this.#drawable = drawable(upstream);
    // One state, two views of it: requests under way still go by the nodes that were.
    this.#counted = before ? before.#counted : new Map();
    this.#takenOut = before ? before.#takenOut : new Map();
    const staying = new Set(upstream.nodes.map((node) => nodeAddress(upstream, node)));
    for (const address of this.#counted.keys()) {
      if (!staying.has(address)) this.#forget(address);
    }
  }

  /** How many nodes are left out for what requests have found, though none may have come since. */
  get takenOut(): number {
    this.#revive(this.#deps.verdicts.downOf(this.#key));
    return this.#takenOut.size;
  }

  usable(): (node: UpstreamNode) => boolean {
    // As in APISIX, whatever its health; its balancer offers it without end, were it left out half-way.
    if (this.#upstream.nodes.length === 1) return EVERY_NODE;
    const dead = this.#deps.verdicts.downOf(this.#key);
    if (this.#takenOut.size > 0) this.#revive(dead);
    if (!dead && this.#takenOut.size === 0) return EVERY_NODE;
    const isHealthy = (node: UpstreamNode) => {
      const address = nodeAddress(this.#upstream, node);
      return !dead?.has(address) && !this.#takenOut.has(address);
    };
    return this.#drawable.some(isHealthy) ? isHealthy : EVERY_NODE;
  }

  attempted(node: UpstreamNode, outcome: AttemptOutcome): void {
    const observation = this.#passive?.observationOf(outcome);
    if (!this.#passive || !observation) return;
    const address = nodeAddress(this.#upstream, node);
    let health = this.#counted.get(address);
    if (!health) {
      // Of a healthy node without failures there is nothing to keep.
      if (observation === "success") return;
      health = new NodeHealth();
      this.#counted.set(address, health);
    }
    if (!health.observe(observation, this.#passive.limits)) return;
    if (health.isHealthy) this.#forget(address);
    else this.#takenOut.set(address, this.#deps.now());
  }

  /**
   * APISIX's active probes bring back a node that requests have taken out. Here the probes are somebody
   * else's: who tells of this upstream has had the time to see the node alive, and does not call it dead.
   * Where nobody tells, the node is tried again after a while, its counters at zero.
   */
  #revive(dead: ReadonlySet<string> | undefined): void {
    const now = this.#deps.now();
    const revivalMs = this.#passive?.revivalMs;
    const toldAt = revivalMs === undefined ? undefined : this.#deps.verdicts.toldAt(this.#key);
    const waitMs = Math.max(revivalMs ?? 0, UNPROBED_MS);
    for (const [address, since] of this.#takenOut) {
      const isSeenAlive = toldAt !== undefined && toldAt > since + (revivalMs ?? 0);
      const isBack =
        toldAt === undefined ? now - since >= waitMs : isSeenAlive && !dead?.has(address);
      if (isBack) this.#forget(address);
    }
  }

  #forget(address: string): void {
    this.#counted.delete(address);
    this.#takenOut.delete(address);
  }
}

/** Without nodes of weight 0, unless all of a priority have it: "none is healthy" is said of the rest. */
function drawable({ nodes }: Upstream): UpstreamNode[] {
  const weighted = new Set(nodes.filter(({ weight }) => weight > 0).map((node) => node.priority));
  return nodes.filter(({ weight, priority }) => weight > 0 || !weighted.has(priority));
}
