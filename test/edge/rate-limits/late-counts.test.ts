import { expect, it } from "vitest";
import { LateCounts } from "../../../edge/rate-limits/late-counts.ts";
import { LocalCounters } from "../../../edge/rate-limits/local-counters.ts";
import type { WindowAsk } from "../../../edge/rate-limits/window.ts";

const ask: WindowAsk = { type: "fixed", limit: 10, windowMs: 60_000, cost: 1 };
const INTERVAL_MS = 1000;

/** Isolates that settle with one counter, on one clock and with timers that the test fires. */
function aWorld() {
  const clock = { now: 1_700_000_000_000 };
  const now = () => clock.now;
  const timers: (() => void)[] = [];
  const background: Promise<unknown>[] = [];
  const shared = new LocalCounters(now);
  const told: number[] = [];
  const line = { isDown: false };
  const counters = {
    count: async (identity: string, asked: WindowAsk) => {
      if (line.isDown) throw new Error("down");
      told.push(asked.cost);
      return shared.count(identity, asked);
    },
  };
  const isolate = () => {
    const after = (_ms: number, action: () => void) => {
      timers.push(action);
      return () => {};
    };
    const late = new LateCounts({ counters, timers: { after }, now, log: () => {} });
    return (change: Partial<WindowAsk> = {}) =>
      late.count("id", { ...ask, ...change }, INTERVAL_MS, (work) => background.push(work));
  };
  const settle = async () => {
    clock.now += INTERVAL_MS;
    for (const fire of timers.splice(0)) fire();
    await Promise.all(background.splice(0));
  };
  return { clock, isolate, line, settle, shared, told };
}

it("asks once, and then tells what it has let pass when the interval is over", async () => {
  const { isolate, settle, told } = aWorld();
  const count = isolate();
  const verdicts = [await count(), await count(), await count()];
  expect(verdicts.map(({ remaining }) => remaining)).toEqual([9, 8, 7]);
  expect(told).toEqual([0]);
  await settle();
  expect(told).toEqual([0, 3]);
  expect(await count()).toEqual({ passes: true, remaining: 6, resetMs: 59_000 });
});

it("learns with it what the others have let pass", async () => {
  const { isolate, settle } = aWorld();
  const [one, other] = [isolate(), isolate()];
  for (let i = 0; i < 6; i++) await one();
  for (let i = 0; i < 3; i++) await other();
  await settle();
  expect([(await one()).remaining, (await other()).remaining]).toEqual([3, 0]);
  await settle();
  expect((await one()).passes).toBe(false);
});

it("rejects by itself what is beyond the last that it has heard of", async () => {
  const { isolate, told } = aWorld();
  const count = isolate();
  const verdicts = [];
  for (let i = 0; i < 12; i++) verdicts.push(await count());
  expect(verdicts.filter(({ passes }) => passes)).toHaveLength(10);
  expect(told).toEqual([0]);
});

it("begins anew when the window is over", async () => {
  const { clock, isolate, told } = aWorld();
  const count = isolate();
  await count({ limit: 1 });
  expect((await count({ limit: 1 })).passes).toBe(false);
  clock.now += 120_000;
  // What it has not told yet counts in the window that begins.
  expect((await count({ limit: 2 })).passes).toBe(true);
  expect(told).toEqual([0, 1]);
});

it("keeps for the next time what could not be told", async () => {
  const { isolate, line, settle, told } = aWorld();
  const count = isolate();
  await count();
  line.isDown = true;
  await settle();
  await count();
  line.isDown = false;
  await settle();
  expect(told).toEqual([0, 2]);
});

it("fails where it has never heard of the counter", async () => {
  const { isolate, line } = aWorld();
  line.isDown = true;
  await expect(isolate()()).rejects.toThrow("down");
});
