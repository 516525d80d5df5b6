import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

/** Timers that fire at once, and what they were set to. */
function instantTimers() {
  const waits: number[] = [];
  const after = (ms: number, action: () => void) => {
    waits.push(ms);
    queueMicrotask(action);
    return () => {};
  };
  return { waits, timers: { after } };
}

describe("fault-injection", () => {
  it("answers in the upstream's place, templates filled in", async () => {
    const { get, seen, serve } = aPluginWorld();
    const headers = { "X-F": "$arg_q", "X-N": 5, "X-None": "$nosuch" };
    await serve({ "fault-injection": { abort: { http_status: 418, body: "q=$arg_q", headers } } });
    const answer = await get("/r/x.json?q=1");
    expect(answer.status).toBe(418);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(Object.fromEntries(answer.headers)).toMatchObject({ "x-f": "1", "x-n": "5" });
    expect(answer.headers.has("x-none")).toBe(false);
    expect(await answer.text()).toBe("q=1");
    expect(seen).toEqual([]);
  });

  it.each([
    [503, undefined, "503 Service Temporarily Unavailable"],
    [503, "", ""],
    [200, undefined, ""],
    [204, "no place for it", ""],
  ])("answers %i with the body %j as nginx does", async (http_status, body, text) => {
    const { get, serve } = aPluginWorld();
    await serve({
      "fault-injection": { abort: { http_status, ...(body === undefined ? {} : { body }) } },
    });
    const answer = await get("/r");
    expect(answer.status).toBe(http_status);
    if (text === "") expect(await answer.text()).toBe("");
    else expect(await answer.text()).toContain(text);
  });

  it.each([
    [0.29, 30, 500],
    [0.3, 30, 200],
    [0, 0, 200],
    [0.999, 100, 500],
  ])("having drawn %f of %i percent, answers %i", async (drawn, percentage, status) => {
    const { get, serve } = aPluginWorld({ deps: { random: () => drawn } });
    await serve({ "fault-injection": { abort: { http_status: 500, percentage } } });
    expect((await get("/r")).status).toBe(status);
  });

  it.each([
    ["/r?a=1", 500],
    ["/r?b=1", 500],
    ["/r?a=1&b=2", 500],
    ["/r", 200],
  ])("where one of its conditions holds, aborts %s with %i", async (path, status) => {
    const { get, serve } = aPluginWorld();
    const vars = [[["arg_a", "==", "1"]], [["arg_b", "==", "1"]]];
    await serve({ "fault-injection": { abort: { http_status: 500, vars } } });
    expect((await get(path)).status).toBe(status);
  });

  it("aborts nothing where the list of conditions is empty", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "fault-injection": { abort: { http_status: 500, vars: [] } } });
    expect((await get("/r")).status).toBe(200);
  });

  it("waits first, and only where the delay's own conditions hold", async () => {
    const { timers, waits } = instantTimers();
    const { get, serve } = aPluginWorld({ deps: { timers } });
    const delay = { duration: 1.5, vars: [[["arg_a", "==", "1"]]] };
    await serve({ "fault-injection": { delay, abort: { http_status: 500 } } });
    expect((await get("/r")).status).toBe(500);
    expect(waits).toEqual([]);
    await get("/r?a=1");
    expect(waits).toEqual([1500]);
  });

  it("answers before authentication", async () => {
    const { get, serve } = aPluginWorld();
    const redirect = { uri: "/n" };
    await serve({ redirect, "fault-injection": { abort: { http_status: 500 } } });
    expect((await get("/r")).status).toBe(500);
  });

  it.each([
    ["a status that no Worker sends", { http_status: 999 }],
    ["a condition that is none", { http_status: 500, vars: [["arg_a"]] }],
  ])("answers 503 with the reason for %s", async (_, abort) => {
    const { get, serve } = aPluginWorld();
    await serve({ "fault-injection": { abort } });
    const answer = await get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("plugins.fault-injection");
  });
});
