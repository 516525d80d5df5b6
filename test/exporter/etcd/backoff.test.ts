import { expect, it } from "vitest";
import { createBackoff } from "../../../exporter/etcd/backoff.ts";

it("pauses grow up to the limit, and start small again after a reset", () => {
  const backoff = createBackoff(() => 1, { minMs: 50, maxMs: 400 });
  expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([100, 200, 400, 400]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

it("pauses are never shorter than the least", () => {
  const backoff = createBackoff(() => 0, { minMs: 50, maxMs: 400 });
  expect([1, 2, 3].map(() => backoff.next())).toEqual([50, 50, 50]);
});
