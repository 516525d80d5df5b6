import { expect, it } from "vitest";
import { cacheApiResponses } from "../../edge/response-cache.ts";

const textOf = (body: ReadableStream<Uint8Array> | null | undefined) => new Response(body).text();
const streamOf = (text: string) => new Response(text).body;
const head = { text: "ä\u2028\r\n", list: [["set-cookie", "a=1"]] };

it("keeps answers in the Cache API, whatever their head says", async () => {
  const cache = cacheApiResponses(caches.default, "one/");
  await cache.put("key", { head, body: streamOf("body"), keepSeconds: 60 });
  const kept = await cache.get("key");
  expect(kept?.head).toEqual(head);
  expect(await textOf(kept?.body)).toBe("body");
  expect(await cache.get("other")).toBeUndefined();
});

it("keeps what another deployment keeps apart", async () => {
  await cacheApiResponses(caches.default, "two/").put("key", { head, body: null, keepSeconds: 60 });
  expect(await cacheApiResponses(caches.default, "three/").get("key")).toBeUndefined();
});

it("takes out what was kept, and tells whether there was anything", async () => {
  const cache = cacheApiResponses(caches.default, "four/");
  await cache.put("key", { head, body: streamOf("body"), keepSeconds: 60 });
  expect([await cache.delete("key"), await cache.delete("key")]).toEqual([true, false]);
  expect(await cache.get("key")).toBeUndefined();
});

it("keeps nothing whose head is too long for one", async () => {
  const cache = cacheApiResponses(caches.default, "six/");
  const long = { text: "a".repeat(200_000) };
  await cache.put("key", { head: long, body: streamOf("body"), keepSeconds: 60 });
  expect(await cache.get("key")).toBeUndefined();
});

it("takes a fault of the Cache API for a miss", async () => {
  const fault = async () => {
    throw new Error("down");
  };
  const cache = cacheApiResponses({ match: fault, put: fault, delete: fault }, "seven/");
  await cache.put("key", { head, body: null, keepSeconds: 60 });
  expect(await cache.get("key")).toBeUndefined();
  expect(await cache.delete("key")).toBe(false);
});
