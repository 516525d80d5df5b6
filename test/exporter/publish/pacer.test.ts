import { describe, expect, it } from "vitest";
import { heldLoss, LOSS_GUARD_DEFAULT } from "../../../exporter/publish/loss-guard.ts";
import { Pacer } from "../../../exporter/publish/pacer.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

function aPacer(intervalMs: number, job: () => Promise<void>) {
  const clock = virtualClock();
  const startedAt = clock.now();
  const jobs: number[] = [];
  const waits: number[] = [];
  const pacer = new Pacer({
    clock,
    random: () => 1,
    intervalMs,
    firstBackoffMs: 100,
    maxBackoffMs: 350,
    job: async () => {
      jobs.push(clock.now() - startedAt);
      await job();
    },
    onFailure: (_error, wait) => waits.push(wait),
  });
  const stop = new AbortController();
  return { clock, jobs, waits, pacer, stop, done: pacer.run(stop.signal) };
}

describe("the pacer", () => {
  it("makes one job of many nudges, and keeps the interval between two", async () => {
    const { clock, jobs, pacer } = aPacer(1000, async () => {});
    for (let i = 0; i < 10; i++) pacer.nudge();
    await clock.advance(300);
    for (let i = 0; i < 10; i++) pacer.nudge();
    await clock.advance(5000);
    expect(jobs).toEqual([0, 1000]);
  });

  it("with an interval of 0 runs at once, each time", async () => {
    const { clock, jobs, pacer } = aPacer(0, async () => {});
    for (let i = 0; i < 3; i++) {
      pacer.nudge();
      await clock.advance(10);
    }
    expect(jobs).toEqual([0, 10, 20]);
  });

  it("tries a failed job again by itself, with waits that grow up to a limit", async () => {
    let failures = 4;
    const { clock, waits, jobs, pacer } = aPacer(0, async () => {
      if (failures-- > 0) throw new Error("no");
    });
    pacer.nudge();
    await clock.advance(5000);
    expect(waits).toEqual([100, 200, 350, 350]);
    expect(jobs).toHaveLength(5);
  });

  it("finishes the job under way when it is stopped, and begins no other", async () => {
    let finished = 0;
    const world = aPacer(0, async () => {
      await world.clock.sleep(500);
      finished += 1;
    });
    world.pacer.nudge();
    await world.clock.advance(100);
    world.pacer.nudge();
    world.stop.abort();
    await world.clock.advance(2000);
    await world.done;
    expect(finished).toBe(1);
  });
});

describe("the loss guard", () => {
  it.each([
    [9, 9, false, "fewer than the minimum may always go"],
    [10, 10, true, "all of them"],
    [50, 100, false, "half is not more than half"],
    [51, 100, true, "more than half"],
    [10, 19, true, "more than half, at the minimum"],
    [10, 20, false, "half"],
    [0, 0, false, "nothing"],
  ])("at %i of %i: held is %s (%s)", (removed, live, held) => {
    expect(heldLoss(removed, live, LOSS_GUARD_DEFAULT) !== undefined).toBe(held);
  });

  it("says how many, and what to do", () => {
    expect(heldLoss(80, 100, LOSS_GUARD_DEFAULT)?.message).toMatch(
      /80 of 100 live routes \(80 %\).+snapgate publish --force/s,
    );
  });

  it("can be switched off", () => {
    expect(heldLoss(100, 100, undefined)).toBeUndefined();
  });
});
