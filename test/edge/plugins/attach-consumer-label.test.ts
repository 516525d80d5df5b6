import { expect, it } from "vitest";
import { jack, roseAndAnon, together } from "../../support/consumers.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

const HEADERS = { "X-Dep": "$department", "X-Role": "$role" };
const CONSUMERS = together(
  jack({ "key-auth": { key: "k-jack" } }, { labels: { department: "dev", $role: "no" } }),
  roseAndAnon({ "key-auth": { key: "k-rose" } }),
);

it.each<[string, string, (string | null)[]]>([
  ["a label", "k-jack", ["dev", null, "kept"]],
  ["no such label", "k-rose", [null, null, "kept"]],
  ["no labels", "other", [null, null, "kept"]],
])(
  "attach-consumer-label gives a consumer's header of %s, and none of a client's",
  async (...row) => {
    const [, apikey, wanted] = row;
    const { get, seen, serve } = aPluginWorld();
    const keyAuth = { anonymous_consumer: "anon" };
    await serve({ "key-auth": keyAuth, "attach-consumer-label": { headers: HEADERS } }, CONSUMERS);
    const spoofed = { "x-dep": "spoof", "x-role": "spoof", "x-other": "kept" };
    await get("/r", { headers: { apikey, ...spoofed } });
    expect(["x-dep", "x-role", "x-other"].map((name) => seen[0]?.headers.get(name))).toEqual(
      wanted,
    );
  },
);

it("attach-consumer-label takes a client's headers away where there is no consumer", async () => {
  const { get, seen, serve } = aPluginWorld();
  await serve({ "attach-consumer-label": { headers: HEADERS } });
  await get("/r", { headers: { "x-dep": "spoof" } });
  expect(seen[0]?.headers.has("x-dep")).toBe(false);
});
