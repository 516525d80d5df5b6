import { expect, it } from "vitest";
import { KeyLocks } from "../../../exporter/admin/key-locks.ts";

it("jobs of one key follow one another, those of others do not wait, and a failure stops nobody", async () => {
  const locks = new KeyLocks();
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = locks.run("a", async () => {
    events.push("first begins");
    await gate.promise;
    events.push("first fails");
    throw new Error("as meant");
  });
  const second = locks.run("a", async () => {
    events.push("second");
    return 2;
  });
  expect(await locks.run("b", async () => "other")).toBe("other");
  expect(events).toEqual(["first begins"]);
  gate.resolve();
  await expect(first).rejects.toThrow("as meant");
  expect(await second).toBe(2);
  expect(await locks.run("a", async () => 3)).toBe(3);
  expect(events).toEqual(["first begins", "first fails", "second"]);
});
