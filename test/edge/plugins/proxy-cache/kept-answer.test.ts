import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../../edge/plugins/plugin.ts";
import { aCache, statusOf } from "../../../support/cache-world.ts";

const TTL_SECONDS = 300;

describe("proxy-cache and Vary", () => {
  const vary = { "x-answer-vary": "X-Lang, Accept" };

  it("keeps an answer for each value of the headers that it varies by", async () => {
    const { ask } = await aCache();
    expect(await ask("/r", { ...vary, "x-lang": "de" })).toBe("MISS answer 1");
    expect(await ask("/r", { ...vary, "x-lang": "fr" })).toBe("MISS answer 2");
    expect(await ask("/r", vary)).toBe("MISS answer 3");
    expect(await ask("/r", { "x-lang": "de" })).toBe("HIT answer 1");
    expect(await ask("/r", { "x-lang": "fr" })).toBe("HIT answer 2");
    expect(await ask()).toBe("HIT answer 3");
  });

  it("forgets the others once an answer varies by other headers, or by none", async () => {
    const { ask } = await aCache();
    await ask("/r", { ...vary, "x-lang": "de" });
    await ask("/r", { "x-answer-vary": "x-kind", "x-lang": "fr", "x-kind": "1" });
    expect(await ask("/r", { "x-lang": "de" })).toBe("MISS answer 3");
    await ask("/r", { ...vary, "x-lang": "it" });
    expect(await ask("/r", { "x-lang": "de" })).toBe("HIT answer 3");
  });

  it("keeps 64 of them", async () => {
    const { ask } = await aCache();
    for (let i = 0; i < 65; i++) await ask("/r", { ...vary, "x-lang": `l${i}` });
    expect(await ask("/r", { "x-lang": "l64" })).toBe("HIT answer 65");
    expect(await ask("/r", { "x-lang": "l1" })).toBe("HIT answer 2");
    expect(await ask("/r", { "x-lang": "l0" })).toMatch(/^MISS/);
  });

  it("keeps nothing that varies by what a plugin told the upstream after the cache was asked", async () => {
    const { ask } = await aCache({}, { beside: { labeller: {} }, own: [labeller] });
    const sent = { "x-answer-vary": "x-label", "x-visitor": "jack" };
    await ask("/r", sent);
    expect(await ask("/r", { ...sent, "x-label": "jack" })).toBe("MISS answer 2");
    expect(await ask("/r", { ...sent, "x-visitor": "rose" })).toBe("MISS answer 3");
  });
});

describe("a kept answer", () => {
  const MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT";
  const told = { "x-answer-etag": '"v1"', "x-answer-last-modified": MODIFIED };

  it.each<[Record<string, string>, number]>([
    [{ "if-none-match": '"v1"' }, 304],
    [{ "if-none-match": '"v0", W/"v1"' }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"v2"', "if-modified-since": MODIFIED }, 200],
    [{ "if-modified-since": MODIFIED }, 304],
    [{ "if-modified-since": "Wed, 15 Nov 2023 22:13:20 GMT" }, 200],
    [{ "if-modified-since": "yesterday" }, 200],
  ])("is answered to %j with %i", async (headers, status) => {
    const { ask, get } = await aCache();
    await ask("/r", told);
    const hit = await get("/r", { headers });
    expect([hit.status, statusOf(hit), hit.headers.get("etag")]).toEqual([status, "HIT", '"v1"']);
    expect(await hit.text()).toBe(status === 304 ? "" : "answer 1");
  });

  it("is that of the request which ended last, of those that nothing was kept for", async () => {
    const { ask, get } = await aCache();
    const [first, second] = await Promise.all([get("/r"), get("/r")]);
    expect([statusOf(first), statusOf(second)]).toEqual(["MISS", "MISS"]);
    expect([await second.text(), await first.text()]).toEqual(["answer 2", "answer 1"]);
    expect(await ask()).toBe("HIT answer 1");
  });
});

describe("PURGE", () => {
  it("takes an answer out of the cache", async () => {
    const { ask, get, seen } = await aCache();
    await ask();
    const purged = await get("/r", { method: "PURGE" });
    expect([purged.status, await purged.text()]).toEqual([200, ""]);
    expect(await ask()).toBe("MISS answer 2");
    expect(seen).toHaveLength(2);
  });

  it("answers 404 where there is none, and keeps that answer for nobody", async () => {
    const { ask, get } = await aCache();
    const purged = await get("/r", { method: "PURGE" });
    expect([purged.status, await purged.text()]).toEqual([
      404,
      expect.stringContaining("404 Not Found"),
    ]);
    expect(await ask()).toBe("MISS answer 1");
  });

  it("takes out what has expired, and all variants", async () => {
    const { ask, get, pass } = await aCache();
    const vary = { "x-answer-vary": "x-lang" };
    await ask("/r", { ...vary, "x-lang": "de" });
    await ask("/r", { ...vary, "x-lang": "fr" });
    pass(TTL_SECONDS + 1);
    expect((await get("/r", { method: "PURGE" })).status).toBe(200);
    expect((await get("/r", { method: "PURGE" })).status).toBe(404);
    await ask("/r", { ...vary, "x-lang": "fr" });
    expect(await ask("/r", { "x-lang": "de" })).toBe("MISS answer 4");
  });
});

const schema = { type: "object", properties: {} } as const;

/** Tells the upstream who asks, after the cache has been asked. */
const labeller: OwnPlugin = {
  name: "labeller",
  priority: 900,
  schema,
  plugin: definePlugin(() => ({
    build: () => ({
      access(exchange) {
        exchange.headers.set("x-label", exchange.header("x-visitor") ?? "");
        return undefined;
      },
    }),
  })),
};
