import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream, aRoute } from "../../support/snapshots.ts";

const quota = (count: number) => ({ count, time_window: 60, rejected_code: 429 });
const isA = [["arg_q", "==", "a"]];

/** Statuses of requests for these paths, one after the other. */
async function statuses(
  get: ReturnType<typeof aPluginWorld>["get"],
  paths: readonly string[],
): Promise<number[]> {
  const found = [];
  for (const path of paths) found.push((await get(path)).status);
  return found;
}

describe("workflow", () => {
  it("takes the first rule that holds, and of its actions the first", async () => {
    const { get, serve } = aPluginWorld();
    const rules = [
      {
        case: isA,
        actions: [
          ["return", { code: 403 }],
          ["return", { code: 404 }],
        ],
      },
      {
        case: ["OR", ["arg_q", "==", "b"], ["arg_q", "==", "a"]],
        actions: [["return", { code: 429 }]],
      },
    ];
    await serve({ workflow: { rules } });
    expect(await statuses(get, ["/r?q=a", "/r?q=b", "/r?q=c"])).toEqual([403, 429, 200]);
    const no = await get("/r?q=a");
    expect(await no.text()).toBe('{"error_msg":"rejected by workflow"}\n');
  });

  it("always takes a rule without a case, and none of no rules", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ workflow: { rules: [{ actions: [["return", { code: 200 }]] }] } });
    expect(await (await get("/r")).json()).toEqual({ error_msg: "rejected by workflow" });
    await serve({ workflow: { rules: [] } });
    expect(await (await get("/r")).text()).toBe("from u.test:80");
  });

  it("counts by a counter of each rule's own", async () => {
    const { get, serve } = aPluginWorld();
    const count = [["limit-count", quota(1)]];
    const rules = [{ case: isA, actions: count }, { actions: count }];
    await serve({ workflow: { rules } });
    expect(await statuses(get, ["/r?q=a", "/r", "/r?q=a", "/r"])).toEqual([200, 200, 429, 429]);
  });

  it("stands in for the route's own limit where it counts, and nowhere else", async () => {
    const { get, serve } = aPluginWorld();
    const rules = [{ case: isA, actions: [["limit-count", quota(5)]] }];
    await serve({ workflow: { rules }, "limit-count": quota(1) });
    const answer = await get("/r?q=a");
    expect(answer.headers.get("x-ratelimit-limit")).toBe("5");
    expect(await statuses(get, ["/r?q=a", "/r", "/r", "/r?q=a"])).toEqual([200, 200, 429, 200]);
  });

  it("leaves the route's own limit of another name alone", async () => {
    const { get, serve } = aPluginWorld();
    const rules = [{ actions: [["limit-count", quota(5)]] }];
    const bucket = { rate: 0.001, burst: 0, key: "remote_addr" };
    await serve({ workflow: { rules }, "limit-req": bucket });
    expect(await statuses(get, ["/r", "/r"])).toEqual([200, 503]);
  });

  it("does not stand in for a route's limit from a global rule", async () => {
    const { get, publish } = aPluginWorld();
    const upstream = anUpstream(["u.test:80"]);
    const rules = [{ actions: [["limit-count", quota(5)]] }];
    const r = aRoute("r", { uri: "/r", upstream, plugins: { "limit-count": quota(1) } });
    await publish({
      routes: { r },
      global_rules: { 1: { id: "1", plugins: { workflow: { rules } } } },
    });
    expect(await statuses(get, ["/r", "/r"])).toEqual([200, 429]);
  });

  it("holds connections by limit-conn until their answers are through", async () => {
    const { get, serve, settled } = aPluginWorld();
    const room = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "remote_addr" };
    const rules = [{ actions: [["limit-conn", room]] }];
    await serve({ workflow: { rules } });
    const first = await get("/r");
    const second = await get("/r");
    expect(second.status).toBe(503);
    await second.text();
    await first.text();
    await settled();
    expect((await get("/r")).status).toBe(200);
  });

  it("reads the body for a case that asks for it", async () => {
    const { get, serve } = aPluginWorld();
    const rules = [{ case: [["post_arg.n1", "==", "1"]], actions: [["limit-count", quota(1)]] }];
    await serve({ workflow: { rules } });
    const post = (body: object) =>
      get("/r", {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    expect((await post({ n1: "1" })).status).toBe(200);
    expect((await post({ n1: "1" })).status).toBe(429);
    expect((await post({ n1: "2" })).status).toBe(200);
  });

  it.each<[string, object, string]>([
    [
      "a case that is no condition",
      { case: [["a", "??", 1]], actions: [["return", { code: 403 }]] },
      "rules[0].case",
    ],
    ["no action", { actions: [] }, "there is none"],
    [
      "an action that there is not",
      { actions: [["ip-restriction", {}]] },
      "no action ip-restriction",
    ],
    ["a code that is no answer", { actions: [["return", { code: 100 }]] }, "code 100 is no answer"],
    [
      "a limit that the edge cannot keep",
      { actions: [["limit-count", { ...quota(1), policy: "redis", redis_host: "127.0.0.1" }]] },
      "RATE_LIMITS",
    ],
  ])("refuses every request where a rule has %s", async (_, rule, reason) => {
    const { accessLog, get, serve } = aPluginWorld();
    await serve({ workflow: { rules: [rule] } });
    expect((await get("/r")).status).toBe(503);
    expect(accessLog[0]?.error).toContain(reason);
  });
});
