import { describe, expect, it } from "vitest";
import { aCache, MEMORY } from "../../../support/cache-world.ts";
import { anUpstream, aRoute } from "../../../support/snapshots.ts";

const upstream = anUpstream(["u.test:80"]);

describe("proxy-cache and senders", () => {
  const consumer = (username: string) => ({
    [username]: { username, plugins: { "key-auth": { key: username } } },
  });
  const world = { consumers: { ...consumer("jack"), ...consumer("rose") } };
  const beside = { "key-auth": {} };

  it("keeps what each consumer got for that one", async () => {
    const { ask } = await aCache({}, { beside, world });
    await ask("/r", { apikey: "jack" });
    expect(await ask("/r", { apikey: "rose" })).toBe("MISS answer 2");
    expect(await ask("/r", { apikey: "jack" })).toBe("HIT answer 1");
  });

  it("shares it where consumer_isolation is off, or where the key tells senders apart", async () => {
    for (const settings of [
      { consumer_isolation: false },
      { cache_key: ["$host", "$consumer_group_id"] },
    ]) {
      const { ask } = await aCache(settings, { beside, world });
      await ask("/r", { apikey: "jack" });
      expect(await ask("/r", { apikey: "rose" })).toBe("HIT answer 1");
    }
  });

  it("lets nobody in who is not let in to the route", async () => {
    const { get, ask } = await aCache({ consumer_isolation: false }, { beside, world });
    await ask("/r", { apikey: "jack" });
    expect((await get("/r")).status).toBe(401);
    expect((await get("/r", { method: "PURGE" })).status).toBe(401);
  });

  it("keeps what the upstream told the sender of one Authorization from that of another", async () => {
    const { ask } = await aCache();
    await ask("/r", { authorization: `Basic ${btoa("jack:right")}` });
    expect(await ask("/r", { authorization: `Basic ${btoa("jack:wrong")}` })).toBe("MISS answer 2");
    expect(await ask("/r")).toBe("MISS answer 3");
    expect(await ask("/r", { authorization: `Basic ${btoa("jack:right")}` })).toBe("HIT answer 1");
  });

  it("never takes a consumer for who only claims the name", async () => {
    const { ask, publish } = await aCache();
    const cache = { "proxy-cache": { ...MEMORY, cache_key: ["$host"] } };
    await publish({
      ...world,
      routes: {
        a: aRoute("a", { uri: "/a", upstream, plugins: { ...beside, ...cache } }),
        b: aRoute("b", { uri: "/b", upstream, plugins: cache }),
      },
    });
    expect(await ask("/a", { apikey: "jack" })).toBe("MISS answer 1");
    const claims = { authorization: `Basic ${btoa("jack:x")}`, "x-consumer-username": "jack" };
    expect(await ask("/b", claims)).toBe("MISS answer 2");
  });
});
