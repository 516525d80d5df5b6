import { expect, it } from "vitest";
import { Leases } from "../../../edge/rate-limits/leases.ts";

it("lets in as many as there is room for, and others when one has left", () => {
  const leases = new Leases();
  expect(["a", "b", "c"].map((id) => leases.enter(id, 10, 2))).toEqual([1, 2, undefined]);
  leases.leave("a");
  expect(leases.enter("d", 10, 2)).toBe(2);
});

it("drops those who have not renewed", () => {
  const leases = new Leases();
  leases.enter("a", 10, 9);
  leases.enter("b", 11, 9);
  leases.renew("a", 20);
  expect(leases.drop(9)).toEqual([]);
  expect(leases.drop(11)).toEqual(["b"]);
  expect(leases.lastEnd).toBe(20);
  expect(leases.drop(20)).toEqual(["a"]);
  expect(leases.lastEnd).toBe(0);
});

it("takes one back whose renewal comes too late: its request is still there", () => {
  const leases = new Leases();
  leases.enter("a", 10, 1);
  leases.drop(10);
  leases.renew("a", 20);
  expect(leases.enter("b", 20, 1)).toBeUndefined();
});
