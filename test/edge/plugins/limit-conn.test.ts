import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { BROKEN_RATE_LIMITS, RATE_LIMITS } from "../../support/rate-limits.ts";

const base = {
  ...{ conn: 1, burst: 1, default_conn_delay: 0.1, key: "remote_addr" },
  ...{ rejected_code: 429, only_use_default_delay: true },
};
const REDIS = { policy: "redis", redis_host: "127.0.0.1" };

interface Timer {
  readonly ms: number;
  readonly action: () => void;
}

/** A world whose upstream answers when the test says so, and whose timers the test fires. */
function aBusyWorld(bindings: object = {}) {
  const answers: (() => void)[] = [];
  const timers = new Set<Timer>();
  const waits: number[] = [];
  const after = (ms: number, action: () => void) => {
    const timer = { ms, action };
    if (ms >= 5_000) timers.add(timer);
    else {
      waits.push(ms);
      action();
    }
    return () => void timers.delete(timer);
  };
  const world = aPluginWorld({
    deps: { timers: { after }, bindings: { ...bindings } },
    upstream: ({ node }) =>
      new Promise((resolve) => answers.push(() => resolve(new Response(`from ${node}`)))),
  });
  const under = async (count: number) => {
    while (world.seen.length < count || answers.length < count)
      await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return {
    ...world,
    waits,
    timers,
    /** Waits until so many requests have reached the upstream. */
    under,
    /** Has the upstream answer all that have reached it, to the last byte. */
    finish: async (asked: readonly Promise<Response>[]) => {
      for (const answer of answers) answer();
      for (const one of asked) await (await one).text();
      await world.settled();
    },
  };
}

/** Read to the end: a request is in until its answer is through. */
async function statusOf(asked: Promise<Response>): Promise<number> {
  const answer = await asked;
  await answer.text();
  return answer.status;
}

describe("limit-conn", () => {
  it("lets one in, has one wait, and rejects the third until one has left", async () => {
    const { finish, get, serve, under, waits } = aBusyWorld();
    await serve({ "limit-conn": base });
    const first = get("/r");
    await under(1);
    const second = get("/r");
    await under(2);
    expect(waits).toEqual([100]);
    expect(await statusOf(get("/r"))).toBe(429);
    await finish([first, second]);
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    const fourth = get("/r");
    await under(3);
    await finish([fourth]);
    expect((await fourth).status).toBe(200);
  });

  it("counts clients apart, and says no in its own words", async () => {
    const { finish, get, serve, under } = aBusyWorld();
    await serve({ "limit-conn": { ...base, burst: 0, rejected_msg: "busy" } });
    const one = get("/r", { from: "192.0.2.1" });
    const other = get("/r", { from: "192.0.2.2" });
    await under(2);
    const no = await get("/r", { from: "192.0.2.1" });
    expect([no.status, await no.text()]).toEqual([429, '{"error_msg":"busy"}\n']);
    await finish([one, other]);
  });

  it("learns from the upstream how long to have requests wait", async () => {
    const { finish, get, serve, under, waits } = aBusyWorld();
    await serve({ "limit-conn": { ...base, only_use_default_delay: false } });
    const before = get("/r");
    await under(1);
    await finish([before]);
    const asked = [get("/r")];
    await under(2);
    asked.push(get("/r"));
    await under(3);
    // The upstream took 5 ms: the mean of that and of 100 ms.
    expect(waits).toEqual([expect.closeTo(52.5)]);
    await finish(asked);
  });

  it("has requests wait the longer the more there are", async () => {
    const { finish, get, serve, under, waits } = aBusyWorld();
    await serve({ "limit-conn": { ...base, conn: 2, burst: 3 } });
    const asked = [];
    for (let i = 1; i <= 5; i++) {
      asked.push(get("/r"));
      await under(i);
    }
    expect(waits).toEqual([100, 100, 200]);
    await finish(asked);
  });

  it("takes templates for numbers, and 500 for what is none", async () => {
    const { finish, get, serve, under } = aBusyWorld();
    await serve({ "limit-conn": { ...base, conn: "$http_x_c", burst: 0 } });
    const send = (c: string) => get("/r", { headers: { "x-c": c } });
    const first = send("1");
    await under(1);
    expect(await statusOf(send("1"))).toBe(429);
    expect(await statusOf(send("0"))).toBe(500);
    const second = send("2");
    await under(2);
    await finish([first, second]);
  });

  it("holds each rule that applies, and gives back what it took before one said no", async () => {
    const { finish, get, serve, under } = aBusyWorld();
    const rules = [
      { conn: 5, burst: 0, key: "$http_x_k" },
      { conn: 1, burst: 0, key: "$remote_addr" },
    ];
    const { conn, burst, key, ...others } = base;
    await serve({ "limit-conn": { ...others, rules } });
    const headers = { "x-k": "1" };
    const first = get("/r", { headers });
    await under(1);
    for (let i = 0; i < 9; i++) {
      const no = await get("/r", { headers });
      expect(no.status).toBe(429);
      await no.text();
      // Its log phase, which has nothing to wait for.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const other = get("/r", { headers, from: "192.0.2.2" });
    await under(2);
    await finish([first, other]);
    await serve({ "limit-conn": { ...others, rules: rules.slice(0, 1) } });
    expect((await get("/r")).status).toBe(500);
  });

  it("gives a place back that nobody renews, as where an isolate has died", async () => {
    const { clock, finish, get, serve, timers, under } = aBusyWorld();
    await serve({ "limit-conn": { ...base, burst: 0 } });
    const lost = get("/r");
    await under(1);
    expect([...timers].map(({ ms }) => ms)).toEqual([20_000]);
    clock.now += 40_000;
    for (const { action } of [...timers]) action();
    clock.now += 40_000;
    expect(await statusOf(get("/r")), "it was renewed").toBe(429);
    clock.now += 20_000;
    const next = get("/r");
    await under(2);
    await finish([lost, next]);
    expect([...timers].length, "the first was renewed twice, and left").toBeLessThanOrEqual(1);
  });

  it("is one for all isolates with a policy of Redis", async () => {
    const worlds = [1, 2, 3].map(() => aBusyWorld({ RATE_LIMITS }));
    for (const { serve } of worlds) {
      await serve({ "limit-conn": { ...base, ...REDIS, conn: 4, burst: 0 } });
    }
    const asked = worlds.map(({ get }) => Array.from({ length: 5 }, () => get("/r")));
    const rejections = Promise.all(
      asked.flat().map(async (one) => (await one).status === 429 && rejected++),
    );
    let rejected = 0;
    while (rejected < 11) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const [i, { finish }] of worlds.entries()) await finish(asked[i] ?? []);
    await rejections;
    expect(rejected).toBe(11);
    const { finish, get, under, seen } = worlds[0] as (typeof worlds)[number];
    const again = get("/r");
    await under(seen.length + 1);
    await finish([again]);
    expect((await again).status).toBe(200);
  });

  it("answers 500 where the counter cannot be asked, unless it may degrade", async () => {
    const { finish, get, serve, under } = aBusyWorld({ RATE_LIMITS: BROKEN_RATE_LIMITS });
    await serve({ "limit-conn": { ...base, ...REDIS } });
    expect(await statusOf(get("/r"))).toBe(500);
    await serve({ "limit-conn": { ...base, ...REDIS, allow_degradation: true } });
    const passes = get("/r");
    await under(1);
    await finish([passes]);
    expect((await passes).status).toBe(200);
  });
});
