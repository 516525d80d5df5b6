import { describe, expect, it } from "vitest";
import {
  countInWindow,
  type WindowAsk,
  type WindowState,
} from "../../../edge/rate-limits/window.ts";

/** Begins a minute of the clock. */
const START = 1_700_000_040_000;

/** Asks one after the other, each so many milliseconds after START. */
function verdicts(ask: WindowAsk, times: readonly number[], costs: readonly number[] = []) {
  let state: WindowState | undefined;
  return times.map((at, i) => {
    const counted = countInWindow(state, { ...ask, cost: costs[i] ?? ask.cost }, START + at);
    state = counted.state;
    const { passes, remaining, resetMs } = counted.verdict;
    return `${passes ? remaining : "no"} ${resetMs}`;
  });
}

describe("a fixed window", () => {
  const ask: WindowAsk = { type: "fixed", limit: 2, windowMs: 1000, cost: 1 };

  it("begins with the first request, and ends a window later whatever comes between", () => {
    const times = [300, 400, 500, 1299, 1300];
    expect(verdicts(ask, times)).toEqual(["1 1000", "0 900", "no 800", "no 1", "1 1000"]);
  });

  it("counts what is rejected as well", () => {
    expect(verdicts({ ...ask, limit: 10 }, [0, 1, 2], [8, 5, 2])).toEqual([
      "2 1000",
      "no 999",
      "no 998",
    ]);
  });

  it("lets a cost of 0 pass as long as the limit is not passed", () => {
    expect(verdicts(ask, [0, 1, 2, 3, 4], [1, 0, 1, 0, 1])).toEqual([
      "1 1000",
      "1 999",
      "0 998",
      "0 997",
      "no 996",
    ]);
  });

  it("counts what was served elsewhere past the limit", () => {
    const served = { ...ask, isServed: true };
    expect(verdicts(served, [0, 1], [2, 5])).toEqual(["0 1000", "0 999"]);
  });
});

describe("a sliding window", () => {
  const ask: WindowAsk = { type: "sliding", limit: 4, windowMs: 1000, cost: 1 };

  it("begins with the clock", () => {
    expect(verdicts(ask, [300, 999])).toEqual(["3 700", "2 1"]);
  });

  it("weighs the window before by what is left of this one", () => {
    // Four in the window before: at 1500 half of them count.
    expect(verdicts(ask, [0, 1, 2, 3, 4, 1500, 1501, 1502])).toEqual([
      "3 1000",
      "2 999",
      "1 998",
      "0 997",
      "no 996",
      "1 500",
      "0 499",
      // 4 x 0.498 + 2 is less than 4.
      "0 498",
    ]);
  });

  it("tells when the next request will pass", () => {
    const after = [1000, 1250, 1251, 1252, 1499, 1501];
    expect(verdicts(ask, [0, 1, 2, 3, ...after]).slice(4)).toEqual([
      "no 0",
      "0 750",
      "0 749",
      "no 248",
      "no 1",
      "0 499",
    ]);
  });

  it("forgets the window before the one before", () => {
    expect(verdicts(ask, [0, 1, 2, 3, 2000])).toEqual([
      "3 1000",
      "2 999",
      "1 998",
      "0 997",
      "3 1000",
    ]);
  });

  it("does not open again where the clock was set back", () => {
    expect(verdicts({ ...ask, limit: 1 }, [1500, 700])).toEqual(["0 500", "no 300"]);
  });
});
