import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const base = {
  break_response_code: 599,
  unhealthy: { http_statuses: [500, 503], failures: 2 },
  healthy: { http_statuses: [200], successes: 2 },
};

/** A world whose upstream answers with the status that the client asks for. */
function aFailingWorld() {
  const world = aPluginWorld({
    upstream: ({ headers }) => new Response("", { status: Number(headers.get("x-status") ?? 200) }),
  });
  return {
    ...world,
    send: async (status: number, path = "/r", host = "edge.test") => {
      const answer = await world.get(path, { host, headers: { "x-status": String(status) } });
      await answer.text();
      await world.settled();
      return answer.status;
    },
  };
}

describe("api-breaker", () => {
  it("breaks after so many failures, at first for two seconds, then for twice as long", async () => {
    const { clock, send, serve } = aFailingWorld();
    await serve({ "api-breaker": base });
    expect([await send(500), await send(503), await send(200)]).toEqual([500, 503, 599]);
    clock.now += 2000;
    expect(await send(200), "the second it ends counts, as in APISIX").toBe(599);
    clock.now += 1000;
    expect([await send(500), await send(500), await send(200)]).toEqual([500, 500, 599]);
    clock.now += 4000;
    expect(await send(200)).toBe(599);
    clock.now += 1000;
    expect(await send(200)).toBe(200);
  });

  it("tells long paths apart by their last character, too", async () => {
    const { send, serve } = aFailingWorld();
    await serve({ "api-breaker": base });
    const path = `/r/${"x".repeat(4000)}`;
    expect([await send(500, path), await send(500, path), await send(200, path)]).toEqual([
      500, 500, 599,
    ]);
    expect(await send(200, `${path.slice(0, -1)}y`)).toBe(200);
  });

  it("breaks for no longer than it may", async () => {
    const { clock, send, serve } = aFailingWorld();
    await serve({ "api-breaker": { ...base, max_breaker_sec: 3 } });
    for (let i = 0; i < 10; i++) {
      await send(500);
      await send(500);
      clock.now += 4000;
    }
    await send(500);
    await send(500);
    clock.now += 3000;
    expect(await send(200)).toBe(599);
    clock.now += 1000;
    expect(await send(200)).toBe(200);
  });

  it("forgets all after so many good answers in a row", async () => {
    const { clock, send, serve } = aFailingWorld();
    await serve({ "api-breaker": base });
    await send(500);
    await send(500);
    clock.now += 3000;
    for (const status of [200, 500, 200, 200]) await send(status);
    expect([await send(500), await send(200)]).toEqual([500, 200]);
    expect([await send(500), await send(200)]).toEqual([500, 599]);
  });

  it("takes other statuses for neither", async () => {
    const { send, serve } = aFailingWorld();
    await serve({ "api-breaker": base });
    for (const status of [404, 502, 500, 302, 204]) await send(status);
    expect([await send(500), await send(200)]).toEqual([500, 599]);
  });

  it("knows hosts and paths, not routes, and generations no more", async () => {
    const { send, serve } = aFailingWorld();
    await serve({ "api-breaker": base });
    await send(500, "/r/a?x=1");
    await send(500, "/r/a?x=2");
    expect([await send(200, "/r/a"), await send(200, "/r/b")]).toEqual([599, 200]);
    expect(await send(200, "/r/a", "other.test")).toBe(200);
    expect(await send(200, "/r/a", "EDGE.test:8080")).toBe(599);
    await serve({ "api-breaker": { ...base, break_response_code: 200 } });
    expect(await send(500, "/r/a")).toBe(200);
  });

  it("answers with its own body and headers while it is open", async () => {
    const { get, send, serve } = aFailingWorld();
    const headers = [
      { key: "X-Where", value: "$uri by $remote_addr" },
      { key: "X-Status", value: "$status" },
    ];
    const own = { break_response_body: "closed", break_response_headers: headers };
    await serve({ "api-breaker": { ...base, ...own } });
    await send(500);
    await send(500);
    const answer = await get("/r");
    expect([answer.status, await answer.text()]).toEqual([599, "closed"]);
    expect(answer.headers.get("x-where")).toBe("/r by 192.0.2.1");
    expect(answer.headers.get("x-status")).toBe("0");
  });

  it("has no headers without a body", async () => {
    const { get, send, serve } = aFailingWorld();
    const own = { break_response_headers: [{ key: "X-A", value: "1" }] };
    await serve({ "api-breaker": { ...base, ...own } });
    await send(500);
    await send(500);
    expect((await get("/r")).headers.get("x-a")).toBeNull();
  });

  it("has nothing to learn from answers of the gateway's own", async () => {
    const { send, serve } = aFailingWorld();
    await serve({ "api-breaker": base, "limit-count": { count: 1, time_window: 60 } });
    for (let i = 0; i < 4; i++) await send(200);
    await serve({ "api-breaker": base });
    expect(await send(200)).toBe(200);
  });
});
