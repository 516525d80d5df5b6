import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { WindowAsk } from "../../../edge/rate-limits/window.ts";
import { RATE_LIMITS } from "../../support/rate-limits.ts";

/** Far ahead of the real clock, so that no alarm goes off by itself. */
const FUTURE = 4_000_000_000_000;
const ask: WindowAsk = { type: "fixed", limit: 2, windowMs: 60_000, cost: 1 };

function aCounter(name: string, now = FUTURE) {
  const stub = RATE_LIMITS.get(RATE_LIMITS.idFromName(name));
  const clock = { now };
  return {
    stub,
    clock,
    /** Also after it has been evicted. */
    setClock: () =>
      runInDurableObject(stub, (counter) => void Object.assign(counter, { now: () => clock.now })),
    stored: () =>
      runInDurableObject(stub, (_counter, { storage }) => [...storage.kv.list()].length),
    alarm: () => runInDurableObject(stub, (_counter, { storage }) => storage.getAlarm()),
  };
}

describe("a shared counter", () => {
  it("decides one request after the other, whoever asks", async () => {
    const { stub } = aCounter("parallel");
    const asked = Array.from({ length: 40 }, () => stub.count({ ...ask, limit: 13 }));
    const passed = (await Promise.all(asked)).filter(({ passes }) => passes);
    expect(passed).toHaveLength(13);
    expect(new Set(passed.map(({ remaining }) => remaining)).size).toBe(13);
  });

  it("knows what it has let pass after it was evicted", async () => {
    const { stub } = aCounter("evicted");
    await stub.count(ask);
    await stub.enter("a", { most: 1, leaseMs: 60_000 });
    await stub.pour({ rate: 0.001, burst: 0 });
    await evictDurableObject(stub);
    expect(await stub.count(ask)).toMatchObject({ passes: true, remaining: 0 });
    expect(await stub.enter("b", { most: 1, leaseMs: 60_000 })).toBeUndefined();
    expect((await stub.pour({ rate: 0.001, burst: 0 })).passes).toBe(false);
    await evictDurableObject(stub);
    expect((await stub.count(ask)).passes).toBe(false);
  });

  it("never passes more for being evicted again and again, and hardly less", async () => {
    const { stub } = aCounter("evicted often");
    const large = { ...ask, limit: 1000 };
    let passed = 0;
    for (let i = 0; i < 1100; i++) {
      if ((await stub.count(large)).passes) passed++;
      if (i % 300 === 250) await evictDurableObject(stub);
    }
    expect(passed).toBeLessThanOrEqual(1000);
    expect(passed).toBeGreaterThan(950);
  });

  it("sets its alarm once for a window, and has nothing left when it is over", async () => {
    const { stub, clock, setClock, stored, alarm } = aCounter("alarm");
    await setClock();
    await stub.count(ask);
    expect(await alarm()).toBe(FUTURE + 60_000);
    clock.now += 30_000;
    await stub.count(ask);
    expect(await alarm()).toBe(FUTURE + 60_000);
    expect(await stored()).toBe(1);
    clock.now = FUTURE + 60_000;
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stored()).toBe(0);
    expect(await alarm()).toBeNull();
    expect(await stub.count(ask)).toEqual({ passes: true, remaining: 1, resetMs: 60_000 });
  });

  it("goes on where a window has begun before the alarm of the last", async () => {
    const { stub, clock, setClock, stored, alarm } = aCounter("second window");
    await setClock();
    await stub.count({ ...ask, windowMs: 1000 });
    clock.now += 1000;
    await stub.count(ask);
    await runDurableObjectAlarm(stub);
    expect(await alarm()).toBe(FUTURE + 61_000);
    expect(await stored()).toBe(1);
    expect((await stub.count(ask)).remaining).toBe(0);
  });

  it("writes nothing for what it rejects", async () => {
    const { stub } = aCounter("rejected");
    await stub.count({ ...ask, limit: 1 });
    const consumed = () =>
      runInDurableObject(stub, (_counter, { storage }) =>
        storage.kv.get<{ window: { consumed: number } }>("kept"),
      );
    await stub.count({ ...ask, limit: 1 });
    expect((await consumed())?.window.consumed).toBe(1);
  });

  it("lets a place go that nobody renews, and keeps one that somebody does", async () => {
    const { stub, clock, setClock, stored } = aCounter("leases");
    const entry = { most: 2, leaseMs: 60_000 };
    await setClock();
    expect(await stub.enter("dies", entry)).toBe(1);
    expect(await stub.enter("lives", entry)).toBe(2);
    expect(await stub.enter("third", entry)).toBeUndefined();
    clock.now += 40_000;
    await stub.renew("lives", 60_000);
    clock.now += 20_000;
    expect(await stub.enter("third", entry)).toBe(2);
    await stub.leave("lives");
    await stub.leave("third");
    clock.now += 100_000;
    await runDurableObjectAlarm(stub);
    expect(await stored()).toBe(0);
  });

  it("keeps a bucket that hardly leaks for no longer than a year or so", async () => {
    const { stub, setClock, alarm } = aCounter("slow");
    await setClock();
    await stub.pour({ rate: 1e-12, burst: 1 });
    expect(await alarm()).toBe(FUTURE + 400 * 86_400_000);
  });
});
