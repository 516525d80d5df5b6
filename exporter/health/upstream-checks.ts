import {
  type ActiveCheck,
  limitsOf,
  nodeAddress,
  observationOf,
  probeOf,
} from "../../shared/health/active-check.ts";
import { NodeHealth, type Observation } from "../../shared/health/node-health.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";
import type { Clock } from "../clock.ts";
import { Slots } from "../slots.ts";
import type { ProbeOutcome } from "./health-state.ts";
import type { ProbeNode } from "./probe-node.ts";

export interface UpstreamChecksDeps {
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly probe: ProbeNode;
  /** Shared by all upstreams: how many probes there are at once. */
  readonly slots: Slots;
  readonly counted: (outcome: ProbeOutcome) => void;
  /** A node has turned over. */
  readonly turned: (address: string, by: Observation) => void;
  readonly fault: (address: string, error: unknown) => void;
}

interface CheckedNode {
  node: UpstreamNode;
  health: NodeHealth;
  /** Queued or under way: a node is never probed twice at once. */
  isBusy: boolean;
  hasAnswered: boolean;
}

/** The first probes of many upstreams are spread over their interval, but over no more than this. */
const MAX_FIRST_WAIT_MS = 5_000;

/**
 * Probes the nodes of one upstream: the healthy ones every `healthy.interval`, the dead ones every
 * `unhealthy.interval`, each on its own, so that a slow node holds up no other.
 */
export class UpstreamChecks {
  readonly #deps: UpstreamChecksDeps;
  readonly #stopped = new AbortController();
  #upstream: Upstream;
  #check: ActiveCheck;
  /** By address. */
  #nodes = new Map<string, CheckedNode>();
  #slots: Slots;
  #intervals = new AbortController();

  constructor(upstream: Upstream, check: ActiveCheck, deps: UpstreamChecksDeps) {
    this.#deps = deps;
    this.#upstream = upstream;
    this.#check = check;
    this.#slots = new Slots(check.concurrency);
    this.#nodes = this.#nodesOf(upstream);
    this.#begin();
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Addresses, in the order of the nodes. */
  down(): readonly string[] {
    return [...this.#nodes].filter(([, { health }]) => !health.isHealthy).map(([at]) => at);
  }

  /** Nodes that stay keep what is known of them. */
  update(upstream: Upstream, check: ActiveCheck): void {
    const before = this.#check;
    this.#upstream = upstream;
    this.#check = check;
    this.#nodes = this.#nodesOf(upstream);
    if (before.concurrency !== check.concurrency) this.#slots = new Slots(check.concurrency);
    if (sameIntervals(before, check)) return;
    // Nobody would ever find a dead node alive again.
    if (check.unhealthy.intervalMs === 0) {
      for (const checked of this.#nodes.values()) checked.health = new NodeHealth();
    }
    this.#intervals.abort();
    this.#intervals = new AbortController();
    this.#begin();
  }

  /** Takes over what another exporter found, for nodes of which nothing is known yet. */
  adopt(down: readonly string[]): void {
    if (this.#check.unhealthy.intervalMs === 0) return;
    for (const address of down) {
      const checked = this.#nodes.get(address);
      if (checked && !checked.hasAnswered) checked.health = new NodeHealth({ isHealthy: false });
    }
  }

  stop(): void {
    this.#stopped.abort();
    this.#intervals.abort();
  }

  #nodesOf(upstream: Upstream): Map<string, CheckedNode> {
    const nodes = new Map<string, CheckedNode>();
    for (const node of upstream.nodes) {
      const address = nodeAddress(upstream, node);
      const known = this.#nodes.get(address);
      if (known) known.node = node;
      const fresh = { node, health: new NodeHealth(), isBusy: false, hasAnswered: false };
      nodes.set(address, known ?? fresh);
    }
    return nodes;
  }

  #begin(): void {
    const { signal } = this.#intervals;
    void this.#every("healthy", signal);
    void this.#every("unhealthy", signal);
  }

  async #every(state: "healthy" | "unhealthy", signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const { intervalMs } = this.#check[state];
    if (intervalMs === 0) return;
    await clock.sleep(random() * Math.min(intervalMs, MAX_FIRST_WAIT_MS), signal);
    while (!signal.aborted) {
      this.#round(
        state === "healthy" ? (health) => health.isHealthy : (health) => !health.isHealthy,
      );
      await clock.sleep(intervalMs, signal);
    }
  }

  #round(isDue: (health: NodeHealth) => boolean): void {
    for (const [address, checked] of this.#nodes) {
      if (checked.isBusy || !isDue(checked.health)) continue;
      checked.isBusy = true;
      const probe = () => this.#deps.slots.run(() => this.#probe(address, checked));
      void this.#slots.run(probe).finally(() => {
        checked.isBusy = false;
      });
    }
  }

  /** Never rejects. */
  async #probe(address: string, checked: CheckedNode): Promise<void> {
    const { counted, fault, probe, turned } = this.#deps;
    const { signal } = this.#stopped;
    // It waited for its turn: meanwhile it may have been taken out.
    const isOver = () => signal.aborted || this.#nodes.get(address) !== checked;
    if (isOver()) return;
    const check = this.#check;
    try {
      const result = await probe(probeOf(this.#upstream, checked.node, check), signal);
      if (isOver()) return;
      checked.hasAnswered = true;
      const observation = observationOf(check, result);
      counted(observation ?? "ignored");
      if (observation && checked.health.observe(observation, limitsOf(check))) {
        turned(address, observation);
      }
    } catch (error) {
      if (isOver()) return;
      counted("fault");
      fault(address, error);
    }
  }
}

function sameIntervals(a: ActiveCheck, b: ActiveCheck): boolean {
  return (
    a.healthy.intervalMs === b.healthy.intervalMs &&
    a.unhealthy.intervalMs === b.unhealthy.intervalMs
  );
}
