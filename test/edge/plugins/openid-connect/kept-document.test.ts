import { describe, expect, it } from "vitest";
import { KeptDocument } from "../../../../edge/plugins/openid-connect/kept-document.ts";

const AGES = { freshMs: 1_000, usableMs: 10_000 };

/** A document that is read as the test says, on its clock and timers. */
function aDocument(read: (reads: number) => Promise<string>) {
  const clock = { now: 0, reads: 0 };
  const late = new Set<() => void>();
  const left: Promise<unknown>[] = [];
  const document = new KeptDocument({
    read: () => read(++clock.reads),
    now: () => clock.now,
    timers: {
      after: (_ms, action) => {
        late.add(action);
        return () => late.delete(action);
      },
    },
  });
  const asking = { timeoutMs: 3_000, waitUntil: (work: Promise<unknown>) => void left.push(work) };
  return {
    clock,
    left,
    get: () => document.get(AGES, asking),
    newer: (value: string) => document.newer(value, asking),
    letTimeRunOut: () => {
      for (const action of late) action();
    },
  };
}

describe("what a provider publishes", () => {
  it("is read once for requests that come together, and outlives the one that began", async () => {
    const { clock, get, left } = aDocument(async (reads) => `read ${reads}`);
    expect(await Promise.all([get(), get(), get()])).toEqual(["read 1", "read 1", "read 1"]);
    expect([clock.reads, left.length]).toEqual([1, 1]);
  });

  it("is waited for so long only when another request reads it, and then read by the next", async () => {
    const gone = new Promise<string>(() => {});
    const { clock, get, letTimeRunOut } = aDocument((reads) =>
      reads === 1 ? gone : Promise.resolve("whole"),
    );
    void get();
    const waiting = get();
    letTimeRunOut();
    await expect(waiting).rejects.toThrow("nothing in 3000 ms");
    expect(await get()).toBe("whole");
    expect(clock.reads).toBe(2);
  });

  it("is used on while it cannot be read, until it is too old", async () => {
    const { clock, get } = aDocument((reads) =>
      reads === 1 ? Promise.resolve("old") : Promise.reject(new Error("down")),
    );
    await get();
    clock.now = 9_999;
    expect(await get()).toBe("old");
    clock.now = 10_000;
    await expect(get()).rejects.toThrow("down");
    expect(clock.reads).toBe(2);
  });

  it("is read again for a newer one, half a minute after it was read", async () => {
    const { clock, get, newer } = aDocument(async (reads) => `read ${reads}`);
    const first = await get();
    clock.now = 29_999;
    expect(await newer(first)).toBeUndefined();
    clock.now = 30_000;
    expect(await newer(first)).toBe("read 2");
    expect(await newer(first)).toBe("read 2");
    expect(await newer("read 2")).toBeUndefined();
  });
});
