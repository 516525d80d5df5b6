import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../../edge/plugins/plugin.ts";
import { roseAndAnon } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";

const BROKEN = "the store of 10.0.0.7 says: s3cret";

/** Where the identities of a generation cannot be read, as when a chunk of it cannot. */
function unreadable() {
  return aPluginWorld({
    resolveSecret: () => {
      throw new Error(BROKEN);
    },
  });
}

const AUTH = { "key-auth": { key: "$env://KEY" }, "basic-auth": { username: "r", password: "p" } };
const HEADERS = { apikey: "k", authorization: `Basic ${btoa("r:p")}` };

describe("where a sender cannot be looked up", () => {
  it.each<[string, object]>([
    ["nobody becomes the anonymous consumer", { "key-auth": { anonymous_consumer: "anon" } }],
    [
      "no other method of multi-auth is tried",
      { "multi-auth": { auth_plugins: [{ "key-auth": {} }, { "basic-auth": {} }] } },
    ],
  ])("%s, and nothing of the reason is told", async (_, plugins) => {
    const { get, seen, serve } = unreadable();
    await serve(plugins, roseAndAnon(AUTH));
    const answer = await get("/r", { headers: HEADERS });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("s3cret");
    expect(answer.headers.has("x-consumer-username")).toBe(false);
    expect(seen).toEqual([]);
  });

  it("a global rule lets no request pass, matched or not", async () => {
    const { get, seen, serve } = unreadable();
    const global_rules = { g: { id: "g", plugins: { "key-auth": {} } } };
    await serve({}, { ...roseAndAnon(AUTH), global_rules });
    expect((await get("/r", { headers: HEADERS })).status).toBe(500);
    expect((await get("/nowhere", { headers: HEADERS })).status).toBe(500);
    expect(seen).toEqual([]);
  });
});

describe("a guard that fails", () => {
  const failing: OwnPlugin = {
    name: "failing",
    priority: 2000,
    schema: { type: "object" },
    plugin: definePlugin(() => ({
      build: () => ({
        access: () => {
          throw new TypeError(BROKEN);
        },
      }),
    })),
  };

  it.each([
    ["anywhere", {}],
    ["also with another body", { _meta: { error_response: "no" } }],
    [
      "also where its filter cannot be evaluated",
      { _meta: { filter: [["arg_n", "ipmatch", ["10.0.0.0/8"]]] } },
    ],
  ])("lets nobody pass, %s", async (_, settings) => {
    const { get, seen, serve } = aPluginWorld({ own: [failing] });
    await serve({ failing: settings });
    const answer = await get("/r?n");
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("s3cret");
    expect(seen).toEqual([]);
  });
});
