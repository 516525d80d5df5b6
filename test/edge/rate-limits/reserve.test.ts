import { describe, expect, it } from "vitest";
import { type BucketState, pourInto } from "../../../edge/rate-limits/leaky-bucket.ts";
import { bucketToWrite, windowToWrite } from "../../../edge/rate-limits/reserve.ts";
import {
  countInWindow,
  type WindowAsk,
  type WindowState,
} from "../../../edge/rate-limits/window.ts";
import { seededRandom } from "../../support/random.ts";

const START = 1_700_000_000_000;
const SEED = 20_261_126;

describe("what is written of a window", () => {
  it.each([
    ["every request of a small limit", 50, 50],
    ["one request in eleven of a larger one", 1000, 91],
  ])("is written for %s", (_, limit, wanted) => {
    const ask: WindowAsk = { type: "fixed", limit, windowMs: 60_000, cost: 1 };
    let state: WindowState | undefined;
    let written: WindowState | undefined;
    let writes = 0;
    for (let i = 0; i < limit; i++) {
      state = countInWindow(state, ask, START).state;
      const next = windowToWrite(written, state, ask);
      if (next) writes++;
      written = next ?? written;
      expect(written?.consumed).toBeGreaterThanOrEqual(state.consumed);
      expect(written?.consumed).toBeLessThanOrEqual(limit);
    }
    expect(writes).toBe(wanted);
  });

  it("is written anew for the next window", () => {
    const ask: WindowAsk = { type: "fixed", limit: 1000, windowMs: 1000, cost: 1 };
    const { state } = countInWindow(undefined, ask, START);
    const written = windowToWrite(undefined, state, ask);
    const { state: next } = countInWindow(state, ask, START + 1000);
    expect(windowToWrite(written, next, ask)).toMatchObject({ consumed: 11 });
  });
});

it(`what is written of a bucket is never emptier than the bucket (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const ask = { rate: 100, burst: 300 };
  let state: BucketState | undefined;
  let written: BucketState | undefined;
  let [writes, passed, now] = [0, 0, START];
  for (let i = 0; i < 5000; i++) {
    now += random.below(20);
    const poured = pourInto(state, ask, now);
    state = poured.state;
    if (!poured.verdict.passes) continue;
    passed++;
    const next = bucketToWrite(written, state, ask);
    if (next) writes++;
    written = next ?? written;
    const fuller = pourInto(written, ask, now + 7).state.excess;
    expect(fuller).toBeGreaterThanOrEqual(pourInto(state, ask, now + 7).state.excess - 1e-9);
  }
  expect(passed).toBeGreaterThan(1000);
  expect(writes).toBeLessThan(passed);
});
