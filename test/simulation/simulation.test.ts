import { describe, expect, it } from "vitest";
import { hashAtOnce } from "../support/hash-at-once.ts";
import { World } from "./world.ts";

/**
 * The whole path, seeded: simulated etcd, real mirror, election, validation, compiler and publisher, a
 * faulty bucket, the edge's real loader, and a clock that only the test moves. Invariants 1 to 6 and 9
 * of the design are checked at every move of the pointer and at every request.
 *
 * SEEDS says how many worlds (50 by default), FIRST_SEED where to begin; a failure prints its seed.
 */
const SEEDS = Number(process.env.SEEDS ?? 50);
const FIRST_SEED = Number(process.env.FIRST_SEED ?? 1);
const STEPS = Number(process.env.STEPS ?? 120);

describe("the whole path in simulation", () => {
  hashAtOnce();

  it(
    `holds the invariants over ${SEEDS} seeds from ${FIRST_SEED} on`,
    async () => {
      const events = new Set<string>();
      let generations = 0;
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
        const world = new World(seed);
        for (let step = 0; step < STEPS; step++) await world.step();
        await world.calm();
        await world.end();
        for (const event of world.happened) events.add(event);
        generations += world.store.published.size;
        expect(world.allViolations, `FIRST_SEED=${seed} SEEDS=1 reproduces this`).toEqual([]);
      }
      // A simulation in which little happens proves little.
      expect(generations).toBeGreaterThan(SEEDS * 5);
      if (SEEDS >= 50) expect(events.size).toBe(20);
    },
    Math.max(120_000, SEEDS * 10_000),
  );
});
