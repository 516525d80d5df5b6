import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { BROKEN_RATE_LIMITS, RATE_LIMITS } from "../../support/rate-limits.ts";

const base = { rate: 10, burst: 2, key: "remote_addr", rejected_code: 429 };
const REDIS = { policy: "redis", redis_host: "127.0.0.1" };

/** A world whose timers fire at once, and tell for how long they were set. */
function aWaitingWorld(bindings: object = {}) {
  const waits: number[] = [];
  const after = (ms: number, action: () => void) => {
    // The shared counter's own time limit is none of the plugin's waits.
    if (ms < 5_000) {
      waits.push(ms);
      action();
    }
    return () => {};
  };
  return { ...aPluginWorld({ deps: { timers: { after }, bindings: { ...bindings } } }), waits };
}

describe("limit-req", () => {
  it("has the burst wait for its turn, and rejects what is beyond", async () => {
    const { clock, get, serve, waits } = aWaitingWorld();
    await serve({ "limit-req": base });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await get("/r")).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(waits).toEqual([100, 200]);
    expect((await get("/r", { from: "192.0.2.2" })).status).toBe(200);
    clock.now += 100;
    expect((await get("/r")).status).toBe(200);
    expect((await get("/r")).status).toBe(429);
  });

  it("lets them pass at once with nodelay", async () => {
    const { get, serve, waits } = aWaitingWorld();
    await serve({ "limit-req": { ...base, nodelay: true, rejected_msg: "slow down" } });
    for (let i = 0; i < 3; i++) expect((await get("/r")).status).toBe(200);
    const no = await get("/r");
    expect([no.status, await no.text()]).toEqual([429, '{"error_msg":"slow down"}\n']);
    expect(waits).toEqual([]);
  });

  it("counts by what variables make together, and by the address where they make nothing", async () => {
    const { get, serve } = aWaitingWorld();
    const key = { key: "$http_x_k $http_x_l", key_type: "var_combination" };
    await serve({ "limit-req": { ...base, ...key, burst: 0 } });
    const send = async (headers: Record<string, string>, from: string) =>
      (await get("/r", { headers, from })).status;
    expect(await send({ "x-k": "1" }, "192.0.2.1")).toBe(200);
    expect(await send({ "x-k": "1" }, "192.0.2.2")).toBe(429);
    expect(await send({}, "192.0.2.1")).toBe(200);
    expect(await send({}, "192.0.2.2")).toBe(200);
    expect(await send({}, "192.0.2.2")).toBe(429);
  });

  it("goes on in the next generation", async () => {
    const { get, serve } = aWaitingWorld();
    await serve({ "limit-req": { ...base, burst: 0 } });
    await get("/r");
    await serve({ "limit-req": { ...base, burst: 0 }, echo: { body: "x" } });
    expect((await get("/r")).status).toBe(429);
  });

  it("is one bucket for all isolates with a policy of Redis", async () => {
    const worlds = [1, 2, 3].map(() => aWaitingWorld({ RATE_LIMITS }));
    const slow = { ...base, ...REDIS, rate: 0.0001, burst: 4, nodelay: true };
    for (const { serve } of worlds) await serve({ "limit-req": slow });
    const asked = worlds.flatMap(({ get }) => Array.from({ length: 5 }, () => get("/r")));
    const passed = (await Promise.all(asked)).filter(({ status }) => status === 200);
    expect(passed).toHaveLength(5);
  });

  it("answers 500 where the bucket cannot be asked, unless it may degrade", async () => {
    const { get, serve } = aWaitingWorld({ RATE_LIMITS: BROKEN_RATE_LIMITS });
    await serve({ "limit-req": { ...base, ...REDIS } });
    expect((await get("/r")).status).toBe(500);
    await serve({ "limit-req": { ...base, ...REDIS, allow_degradation: true } });
    expect((await get("/r")).status).toBe(200);
  });

  it("refuses every request where a policy of Redis has no binding", async () => {
    const { accessLog, get, serve } = aWaitingWorld();
    await serve({ "limit-req": { ...base, ...REDIS } });
    expect((await get("/r")).status).toBe(503);
    expect(accessLog[0]?.error).toContain("RATE_LIMITS");
  });
});
