import {
  type HealthLimits,
  NodeHealth,
  type Observation,
} from "../../../shared/health/node-health.ts";
import { BoundedMap } from "../../bounded-map.ts";
import type { InstanceOutcome } from "./ask-instance.ts";

/** `checks` of an instance, as far as the edge goes by it. */
export interface InstanceChecks {
  readonly active?: {
    readonly healthy?: { readonly interval?: number; readonly successes?: number };
    readonly unhealthy?: {
      readonly interval?: number;
      readonly http_statuses?: readonly number[];
      readonly http_failures?: number;
      readonly tcp_failures?: number;
      readonly timeouts?: number;
    };
  };
}

/** How long an instance stays out at least. */
const LEAST_OUT_MS = 10_000;
const INSTANCES_KEPT = 10_000;
const BAD_STATUSES = [429, 404, 500, 501, 502, 503, 504, 505];

interface Watched {
  readonly health: NodeHealth;
  /** Milliseconds since 1970. */
  outUntil: number;
}

/**
 * APISIX probes an instance that has `checks`; here the answers to this isolate's own requests are counted
 * with the same numbers, and what was taken out is tried again after as long as probes would have taken.
 */
export class InstanceHealths {
  readonly #now: () => number;
  readonly #watched = new BoundedMap<string, Watched>(INSTANCES_KEPT);

  constructor(now: () => number) {
    this.#now = now;
  }

  isHealthy(key: string): boolean {
    const watched = this.#watched.get(key);
    return !watched || watched.health.isHealthy || this.#now() >= watched.outUntil;
  }

  observe(key: string, { active }: InstanceChecks, outcome: InstanceOutcome): void {
    const { healthy, unhealthy } = active ?? {};
    const known = this.#watched.get(key);
    const isBack = known && !known.health.isHealthy && this.#now() >= known.outUntil;
    const watched = known && !isBack ? known : { health: new NodeHealth(), outUntil: 0 };
    const bad = unhealthy?.http_statuses ?? BAD_STATUSES;
    const observation = observationOf(outcome, bad);
    const limits: HealthLimits = {
      success: healthy?.successes ?? 2,
      "http-failure": unhealthy?.http_failures ?? 5,
      "tcp-failure": unhealthy?.tcp_failures ?? 2,
      timeout: unhealthy?.timeouts ?? 3,
    };
    if (watched.health.observe(observation, limits) && !watched.health.isHealthy) {
      const probesMs = (unhealthy?.interval ?? 1) * limits.success * 1000;
      watched.outUntil = this.#now() + Math.max(LEAST_OUT_MS, probesMs);
    }
    this.#watched.set(key, watched);
  }
}

function observationOf({ is, status }: InstanceOutcome, bad: readonly number[]): Observation {
  if (is === "no answer") return status === 504 ? "timeout" : "tcp-failure";
  return bad.includes(status) ? "http-failure" : "success";
}
