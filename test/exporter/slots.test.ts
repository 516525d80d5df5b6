import { describe, expect, it } from "vitest";
import { Slots } from "../../exporter/slots.ts";
import { settle } from "../support/virtual-clock.ts";

describe("slots", () => {
  it("let so many jobs run at once, in the order in which they came", async () => {
    const slots = new Slots(2);
    const begun: number[] = [];
    const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const jobs = ends.map(({ promise }, i) =>
      slots.run(() => {
        begun.push(i);
        return promise;
      }),
    );
    await settle();
    expect(begun).toEqual([0, 1]);
    ends[1]?.resolve();
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    for (const end of ends) end.resolve();
    await Promise.all(jobs);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it("give the place of a job that failed to the next", async () => {
    const slots = new Slots(1);
    const failing = slots.run(() => Promise.reject(new Error("no")));
    const next = slots.run(async () => "done");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("done");
    expect(await slots.run(async () => "again")).toBe("again");
  });
});
