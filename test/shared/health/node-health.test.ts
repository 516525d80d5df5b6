import { describe, expect, it } from "vitest";
import {
  type HealthLimits,
  NodeHealth,
  type Observation,
} from "../../../shared/health/node-health.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

const LIMITS: HealthLimits = { success: 2, "http-failure": 5, "tcp-failure": 2, timeout: 3 };
const OBSERVATIONS = ["success", "http-failure", "tcp-failure", "timeout"] as const;

/** The flips among `observations`, as their places. */
function flips(observations: readonly Observation[], limits = LIMITS): number[] {
  const health = new NodeHealth();
  return observations.flatMap((seen, i) => (health.observe(seen, limits) ? [i] : []));
}

const times = (count: number, seen: Observation) => Array<Observation>(count).fill(seen);

/** The counters of lua-resty-healthcheck's `incr_counter`, with its four states. */
function reference() {
  const counts = { success: 0, "http-failure": 0, "tcp-failure": 0, timeout: 0 };
  let state: "healthy" | "mostly_healthy" | "unhealthy" | "mostly_unhealthy" = "healthy";
  return {
    get isHealthy() {
      return state === "healthy" || state === "mostly_healthy";
    },
    observe(seen: Observation, limits: HealthLimits) {
      const report = seen === "success" ? "healthy" : "unhealthy";
      if (limits[seen] === 0 || report === state) return;
      counts[seen] += 1;
      const hasReached = counts[seen] >= limits[seen];
      if (seen === "success") {
        counts["http-failure"] = 0;
        counts["tcp-failure"] = 0;
        counts.timeout = 0;
      } else {
        counts.success = 0;
      }
      if (hasReached) state = report;
      else if (state === "healthy") state = "mostly_healthy";
      else if (state === "unhealthy") state = "mostly_unhealthy";
    },
  };
}

describe("the health of a node", () => {
  it("turns at the limit of one kind, and not one observation before", () => {
    expect(flips(times(10, "http-failure"))).toEqual([4]);
    expect(flips(times(10, "tcp-failure"))).toEqual([1]);
    expect(flips(times(10, "timeout"))).toEqual([2]);
  });

  it("counts each kind of failure by itself", () => {
    expect(flips(["tcp-failure", "timeout", "http-failure", "timeout", "tcp-failure"])).toEqual([
      4,
    ]);
  });

  it("takes all failures back with one success", () => {
    expect(flips(["tcp-failure", "success", "tcp-failure", "success", "tcp-failure"])).toEqual([]);
  });

  it("takes the successes back with any failure", () => {
    const seen: Observation[] = ["success", "timeout", "success", "timeout", "success", "success"];
    expect(flips([...times(2, "tcp-failure"), ...seen])).toEqual([1, 7]);
  });

  it("does not count what confirms the state", () => {
    expect(flips([...times(9, "success"), ...times(2, "tcp-failure")])).toEqual([10]);
    expect(flips([...times(9, "tcp-failure"), ...times(2, "success")])).toEqual([1, 10]);
  });

  it("leaves out a kind whose limit is 0, also as something that takes others back", () => {
    const limits = { ...LIMITS, success: 0, timeout: 0 };
    expect(flips(times(50, "timeout"), limits)).toEqual([]);
    expect(flips(["tcp-failure", "success", "tcp-failure", "success"], limits)).toEqual([2]);
  });

  it("is at every step what lua-resty-healthcheck would say", () => {
    const random = seededRandom(runSeed());
    for (let run = 0; run < 300; run++) {
      const limit = () => random.below(5);
      const limits: HealthLimits = {
        success: limit(),
        "http-failure": limit(),
        "tcp-failure": limit(),
        timeout: limit(),
      };
      const health = new NodeHealth();
      const wanted = reference();
      for (let step = 0; step < 60; step++) {
        const seen = random.chance(0.5) ? "success" : random.pick(OBSERVATIONS);
        const before = health.isHealthy;
        const hasTurned = health.observe(seen, limits);
        wanted.observe(seen, limits);
        expect(health.isHealthy, `seed ${random.seed}, step ${step}`).toBe(wanted.isHealthy);
        expect(hasTurned).toBe(before !== health.isHealthy);
      }
    }
  });
});
