import { expect, it } from "vitest";
import { type BucketState, pourInto, staleFrom } from "../../../edge/rate-limits/leaky-bucket.ts";

const START = 1_700_000_000_000;

/** Delays in milliseconds, or `no`, at so many milliseconds after START. */
function delays(rate: number, burst: number, times: readonly number[]) {
  let state: BucketState | undefined;
  return times.map((at) => {
    const { state: next, verdict } = pourInto(state, { rate, burst }, START + at);
    state = next;
    return verdict.passes ? verdict.delayMs : "no";
  });
}

it.each<[string, number, number, readonly number[], readonly (number | string)[]]>([
  [
    "spreads a burst over the rate, and rejects what is beyond",
    10,
    2,
    [0, 0, 0, 0],
    [0, 100, 200, "no"],
  ],
  ["lets a request pass as often as the rate says", 10, 0, [0, 100, 200], [0, 0, 0]],
  [
    "rejects what comes sooner, where there is no burst",
    10,
    0,
    [0, 50, 100, 150, 200],
    [0, "no", 0, "no", 0],
  ],
  ["is not filled by what is rejected", 1, 1, [0, 0, 0, 0, 1000], [0, 1000, "no", "no", 1000]],
  ["has leaked dry after a while", 10, 2, [0, 0, 0, 5000], [0, 100, 200, 0]],
  ["takes rates below one", 0.5, 1, [0, 0, 2000], [0, 2000, 2000]],
  ["takes a clock that was set back for one that goes on", 10, 0, [1000, 900], [0, 0]],
])("a bucket %s", (_, rate, burst, times, wanted) => {
  expect(delays(rate, burst, times)).toEqual(wanted);
});

it("a bucket is as good as none from the time on that it tells", () => {
  const ask = { rate: 10, burst: 3 };
  const { state } = pourInto(pourInto(undefined, ask, START).state, ask, START);
  const staleAt = staleFrom(state, ask);
  const { verdict } = pourInto(state, ask, staleAt);
  expect(verdict).toEqual(pourInto(undefined, ask, staleAt).verdict);
  const sooner = pourInto(state, ask, staleAt - 10);
  expect(sooner.verdict.delayMs).toBeCloseTo(10);
});
