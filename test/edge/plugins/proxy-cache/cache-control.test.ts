import { describe, expect, it } from "vitest";
import { aCache, statusOf } from "../../../support/cache-world.ts";

const TTL_SECONDS = 300;

const NOW_DATE = "Tue, 14 Nov 2023 22:13:20 GMT";
const IN_A_MINUTE = "Tue, 14 Nov 2023 22:14:20 GMT";

describe("proxy-cache with cache_control", () => {
  it.each([
    ["max-age=60", undefined, 60],
    ["max-age=60, s-maxage=10", undefined, 10],
    [undefined, IN_A_MINUTE, 60],
    ["max-age=0", IN_A_MINUTE, 0],
    [undefined, NOW_DATE, 0],
    [undefined, "0", 0],
    ["public", undefined, 0],
  ])("keeps an answer with %s and Expires %s for %i s", async (control, expires, seconds) => {
    const { ask, pass } = await aCache({ cache_control: true });
    await ask("/r", {
      ...(control && { "x-answer-cache-control": control }),
      ...(expires && { "x-answer-expires": expires }),
    });
    pass(seconds);
    expect(await ask()).toBe(seconds === 0 ? "MISS answer 2" : "HIT answer 1");
    pass(1);
    expect(await ask()).toBe(seconds === 0 ? "MISS answer 3" : "EXPIRED answer 2");
  });

  it.each([
    ["no-cache", "BYPASS answer 2"],
    ["no-store", "BYPASS answer 2"],
    ["max-age=10", "STALE answer 2"],
    ["max-age=20", "HIT answer 1"],
    ["max-age=soon", "HIT answer 1"],
    ["min-fresh=41", "STALE answer 2"],
    ["min-fresh=40", "HIT answer 1"],
    ["only-if-cached", "HIT answer 1"],
    ["max-stale=1", "HIT answer 1"],
  ])("does what a client means by %s", async (wish, wanted) => {
    const { ask, pass } = await aCache({ cache_control: true });
    await ask("/r", { "x-answer-cache-control": "max-age=60" });
    pass(20);
    expect(await ask("/r", { "cache-control": wish })).toBe(wanted);
  });

  it("answers 504 to who wants nothing but the cache, and it has nothing", async () => {
    const { get, seen } = await aCache({ cache_control: true });
    const answer = await get("/r", { headers: { "cache-control": "only-if-cached" } });
    expect([answer.status, statusOf(answer)]).toEqual([504, "MISS"]);
    expect(seen).toEqual([]);
  });

  it("without it, listens to no client", async () => {
    const { ask } = await aCache();
    await ask();
    expect(await ask("/r", { "cache-control": "no-cache" })).toBe("HIT answer 1");
  });
});

describe("proxy-cache on disk", () => {
  it.each([
    [{}, TTL_SECONDS],
    [{ "cache-control": "max-age=60" }, 60],
    [{ "cache-control": "max-age=60, s-maxage=20" }, 20],
    [{ expires: IN_A_MINUTE }, 60],
    [{ "x-accel-expires": "30", "cache-control": "max-age=60" }, 30],
    [{ "x-accel-expires": "@1700000050" }, 50],
  ])("keeps an answer with %j for %i s", async (headers, seconds) => {
    const { ask, pass } = await aCache({ cache_strategy: "disk" });
    const told = Object.entries(headers).map(([name, value]) => [`x-answer-${name}`, value]);
    await ask("/r", Object.fromEntries(told));
    pass(seconds);
    expect(await ask()).toBe("HIT answer 1");
    pass(1);
    expect(await ask()).toBe("EXPIRED answer 2");
  });

  it.each([{ "cache-control": "max-age=0" }, { expires: NOW_DATE }, { "x-accel-expires": "0" }])(
    "keeps no answer with %j",
    async (headers) => {
      const { ask } = await aCache({ cache_strategy: "disk" });
      const told = Object.entries(headers).map(([name, value]) => [`x-answer-${name}`, value]);
      await ask("/r", Object.fromEntries(told));
      expect(await ask()).toBe("MISS answer 2");
    },
  );
});
