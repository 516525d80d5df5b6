import { activeCheckOf } from "../../shared/health/active-check.ts";
import type { HealthLimits, Observation } from "../../shared/health/node-health.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import type { AttemptOutcome } from "../balancer/upstream-health.ts";

/** `checks.passive` of an upstream, as the answers to clients' requests are counted. */
export interface PassiveCheck {
  readonly limits: HealthLimits;
  /** What active probes need to find that a node is back; undefined: they do not look at dead nodes. */
  readonly revivalMs: number | undefined;
  /** Undefined where the outcome says nothing: a status of neither list. */
  observationOf(outcome: AttemptOutcome): Observation | undefined;
}

/** Undefined where nothing that happens could take a node out. */
export function passiveCheckOf(upstream: Upstream): PassiveCheck | undefined {
  // Without the object, lua-resty-healthcheck counts no failure; APISIX's defaults are those inside it.
  const unhealthy = upstream.checks?.passive?.unhealthy;
  if (!unhealthy) return undefined;
  const healthy = upstream.checks?.passive?.healthy;
  const limits = {
    success: healthy ? (healthy.successes ?? 5) : 0,
    "http-failure": unhealthy.http_failures ?? 5,
    "tcp-failure": unhealthy.tcp_failures ?? 2,
    timeout: unhealthy.timeouts ?? 7,
  };
  const good = new Set(healthy?.http_statuses);
  const bad = new Set(unhealthy.http_statuses);
  return {
    limits,
    revivalMs: revivalMs(upstream),
    observationOf(outcome) {
      if (outcome.is === "failed") return outcome.kind === "timeout" ? "timeout" : "tcp-failure";
      if (good.has(outcome.status)) return "success";
      return bad.has(outcome.status) ? "http-failure" : undefined;
    },
  };
}

function revivalMs(upstream: Upstream): number | undefined {
  const active = activeCheckOf(upstream);
  if (!active || active.unhealthy.intervalMs === 0) return undefined;
  return active.unhealthy.intervalMs * active.healthy.successes;
}
