import {
  type ActiveCheck,
  limitsOf,
  observationOf,
  type Probe,
} from "../../shared/health/active-check.ts";
import type { NodeHealth } from "../../shared/health/node-health.ts";
import type { Timers } from "../upstream/timers.ts";
import { type SendProbe, UnsendableProbe } from "./prober.ts";

/** One node that is probed again and again. */
export interface CheckTarget {
  /** Of the resource that holds the upstream. */
  readonly key: string;
  /** `host:port`, as the overlay names it. */
  readonly address: string;
  readonly check: ActiveCheck;
  readonly probe: Probe;
  readonly health: NodeHealth;
}

export interface CheckRunDeps {
  readonly send: SendProbe;
  readonly timers: Timers;
  /** Milliseconds. */
  readonly now: () => number;
  /** Told when a node has turned over. */
  readonly onTurn: (target: CheckTarget) => void;
  /** Told when a probe could not be sent. */
  readonly onUnsendable: (target: CheckTarget, reason: string) => void;
}

export interface CheckRunLimits {
  /** No probe begins at or after this time. */
  readonly endsAt: number;
  /** All probes of the run together. */
  readonly probes: number;
  readonly atOnce: number;
}

interface Scheduled {
  readonly target: CheckTarget;
  dueAt: number;
  isUnderWay: boolean;
}

/**
 * Probes every target at its interval until the run ends. The probes that the run may send are spread over
 * its whole time: too many nodes are probed less often than configured, and none is left out.
 */
export class CheckRun {
  readonly #deps: CheckRunDeps;
  readonly #limits: CheckRunLimits;
  readonly #scheduled: readonly Scheduled[];
  readonly #underWay = new Set<Promise<void>>();
  readonly #perUpstream = new Map<string, number>();
  readonly #spacingMs: number;
  #nextAt: number;
  #sent = 0;
  #failure: unknown;

  constructor(targets: readonly CheckTarget[], limits: CheckRunLimits, deps: CheckRunDeps) {
    this.#deps = deps;
    this.#limits = limits;
    const now = deps.now();
    this.#nextAt = now;
    this.#spacingMs = (limits.endsAt - now) / limits.probes;
    this.#scheduled = targets.map((target) => {
      const dueAt = intervalMs(target) === Number.POSITIVE_INFINITY ? intervalMs(target) : now;
      return { target, dueAt, isUnderWay: false };
    });
  }

  /** How many probes were sent. Throws what ends a run, `SubrequestsSpent`. */
  async run(): Promise<number> {
    const { endsAt, atOnce } = this.#limits;
    while (this.#failure === undefined) {
      const next = this.#underWay.size < atOnce ? this.#earliest() : undefined;
      const at = next ? Math.max(next.dueAt, this.#nextAt) : Number.POSITIVE_INFINITY;
      if (at >= endsAt && this.#underWay.size === 0) break;
      if (next && at <= this.#deps.now()) this.#begin(next);
      else await this.#pause(Math.min(at, endsAt));
      if (this.#deps.now() >= endsAt) break;
    }
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#sent;
  }

  /** The one that has been due for longest, of upstreams that may have one more under way. */
  #earliest(): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const one of this.#scheduled) {
      const { key, check } = one.target;
      if (one.isUnderWay || (this.#perUpstream.get(key) ?? 0) >= check.concurrency) continue;
      if (!first || one.dueAt < first.dueAt) first = one;
    }
    return first;
  }

  #begin(one: Scheduled): void {
    const { key } = one.target;
    const count = (change: number) =>
      this.#perUpstream.set(key, (this.#perUpstream.get(key) ?? 0) + change);
    this.#sent += 1;
    this.#nextAt = Math.max(this.#nextAt, this.#deps.now()) + this.#spacingMs;
    one.isUnderWay = true;
    count(1);
    const startedAt = this.#deps.now();
    const probing = this.#probe(one.target)
      .catch((error: unknown) => {
        if (error instanceof UnsendableProbe) this.#deps.onUnsendable(one.target, error.message);
        else this.#failure ??= error;
      })
      .finally(() => {
        one.isUnderWay = false;
        one.dueAt = startedAt + intervalMs(one.target);
        count(-1);
        this.#underWay.delete(probing);
      });
    this.#underWay.add(probing);
  }

  async #probe(target: CheckTarget): Promise<void> {
    const { check, health, probe } = target;
    const observation = observationOf(check, await this.#deps.send(probe));
    if (observation && health.observe(observation, limitsOf(check))) this.#deps.onTurn(target);
  }

  /** Until the time has come, or a probe has ended and another may begin. */
  async #pause(until: number): Promise<void> {
    let cancel = () => {};
    const slept = new Promise<void>((resolve) => {
      cancel = this.#deps.timers.after(Math.max(until - this.#deps.now(), 0), resolve);
    });
    await Promise.race([slept, ...this.#underWay]);
    cancel();
  }
}

/** Until the next probe of a node in its state; a configured 0 means never. */
function intervalMs({ check, health }: CheckTarget): number {
  const { intervalMs: configured } = health.isHealthy ? check.healthy : check.unhealthy;
  return configured === 0 ? Number.POSITIVE_INFINITY : configured;
}
