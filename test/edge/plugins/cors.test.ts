import { describe, expect, it } from "vitest";
import { aPluginWorld, type PluginWorldOptions } from "../../support/plugin-world.ts";
import type { World } from "../../support/snapshots.ts";

interface Asked {
  readonly origin?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly upstream?: PluginWorldOptions["upstream"];
  readonly world?: World;
}

async function answered(settings: object, asked: Asked = {}) {
  const { origin, method = "GET", headers = {}, upstream, world } = asked;
  const { get, seen, serve } = aPluginWorld(upstream ? { upstream } : {});
  await serve({ cors: settings }, world);
  const sent = origin === undefined ? headers : { ...headers, origin };
  return { answer: await get("/r", { method, headers: sent }), seen };
}

const told = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => /^access-|^vary|^timing/.test(name)));

const A = "http://a.test";

describe("cors", () => {
  it("lets everybody read, by default", async () => {
    const { answer } = await answered({});
    expect(told(answer.headers)).toEqual({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "*",
      "access-control-allow-headers": "*",
      "access-control-max-age": "5",
    });
  });

  it("answers every OPTIONS request itself, and before authentication", async () => {
    const { answer, seen } = await answered({}, { method: "OPTIONS" });
    expect([answer.status, await answer.text(), seen.length]).toEqual([200, "", 0]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });

  it.each<[object, string | undefined, string | null, string | null]>([
    [{ allow_origins: "**" }, A, A, "Origin"],
    [{ allow_origins: "**" }, undefined, "*", "Origin"],
    [{ allow_origins: `${A},http://b.test` }, A, A, "Origin"],
    [{ allow_origins: `${A},http://b.test` }, "http://A.test", null, "Origin"],
    [{ allow_origins: `${A},http://b.test` }, undefined, null, "Origin"],
    [{ allow_origins: A }, A, A, "Origin"],
    [{ allow_origins: A }, "http://evil.test", null, "Origin"],
    [{ allow_origins: "null" }, "null", "null", "Origin"],
    [{ allow_origins_by_regex: ["\\.test$"] }, A, A, null],
    [{ allow_origins_by_regex: ["\\.test$"] }, "http://a.testing", null, null],
    [{ allow_origins_by_regex: ["\\.test$"] }, undefined, null, null],
    [{ allow_origins_by_regex: ["nope", "^http://a"], allow_origins: A }, A, A, "Origin"],
  ])("with %j tells %s: %s, and Vary %s", async (settings, origin, allowed, vary) => {
    const { answer } = await answered(settings, origin === undefined ? {} : { origin });
    expect(answer.headers.get("access-control-allow-origin")).toBe(allowed);
    expect(answer.headers.get("vary")).toBe(vary);
  });

  it.each<[object, string | undefined, string | null]>([
    [{}, "https://m.test", "https://m.test"],
    [{}, "https://n.test", null],
    [{}, undefined, null],
    [{ allow_origins: A }, A, A],
    [{ allow_origins: A }, "https://m.test", "https://m.test"],
    [{ allow_origins_by_regex: ["^http://r"] }, "http://r.test", "http://r.test"],
  ])("asks the metadata first: %j tells %s: %s", async (settings, origin, allowed) => {
    const world = {
      plugin_metadata: { cors: { allow_origins: { k: "https://m.test,https://o.test" } } },
    };
    const all = { ...settings, allow_origins_by_metadata: ["k", "unknown"] };
    const { answer } = await answered(all, origin === undefined ? { world } : { world, origin });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([
      200,
      allowed,
    ]);
  });

  it("takes the place of what the upstream says, and adds to its Vary", async () => {
    const upstream = () =>
      new Response("", {
        headers: {
          "access-control-allow-origin": "http://up.test",
          "access-control-allow-headers": "x-up",
          vary: "Accept",
        },
      });
    const allowed = { allow_origins: A, allow_headers: "**" };
    const read = await answered(allowed, { origin: A, upstream });
    expect(told(read.answer.headers)).toMatchObject({
      "access-control-allow-origin": A,
      vary: "Accept, Origin",
    });
    expect(read.answer.headers.has("access-control-allow-headers")).toBe(false);
    const refused = await answered(allowed, { origin: "http://evil.test", upstream });
    expect(told(refused.answer.headers)).toEqual({
      "access-control-allow-origin": "http://up.test",
      "access-control-allow-headers": "x-up",
      vary: "Accept, Origin",
    });
  });

  it("tells methods, headers, exposed headers, age and credentials", async () => {
    const settings = {
      ...{ allow_origins: A, allow_methods: "**", allow_headers: "**", expose_headers: "**" },
      ...{ max_age: -1, allow_credential: true },
    };
    const headers = { "access-control-request-headers": "x-a,x-b" };
    const { answer } = await answered(settings, { origin: A, headers });
    expect(told(answer.headers)).toEqual({
      "access-control-allow-origin": A,
      "access-control-allow-methods": "GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE",
      "access-control-allow-headers": "x-a,x-b",
      "access-control-expose-headers": "**",
      "access-control-max-age": "-1",
      "access-control-allow-credentials": "true",
      vary: "Origin",
    });
  });

  it.each<[object, string, string | null]>([
    [{ timing_allow_origins: "*" }, A, "*"],
    [{ timing_allow_origins: A }, A, A],
    [{ timing_allow_origins: A }, "http://b.test", null],
    [{ timing_allow_origins_by_regex: ["^http://a"] }, A, A],
    [{}, A, null],
  ])("with %j tells %s of timings: %s", async (settings, origin, allowed) => {
    const { answer } = await answered(settings, { origin });
    expect(answer.headers.get("timing-allow-origin")).toBe(allowed);
  });

  it("speaks in the gateway's own answers as well", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ cors: {}, "ip-restriction": { blacklist: ["0.0.0.0/0"] } });
    const answer = await get("/r");
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([403, "*"]);
  });
});
