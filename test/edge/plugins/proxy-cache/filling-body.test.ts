import { describe, expect, it } from "vitest";
import { aCache, statusOf } from "../../../support/cache-world.ts";
import type { MemoryResponseCache } from "../../../support/memory-response-cache.ts";

describe("proxy-cache and bodies", () => {
  const pieces = (...texts: string[]) => {
    const left = texts.map((text) => new TextEncoder().encode(text));
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const next = left.shift();
        if (next) controller.enqueue(next);
        else controller.close();
      },
    });
  };

  it("hands each piece on as it comes, and keeps the whole", async () => {
    const { get } = await aCache({}, { upstream: () => new Response(pieces("one,", "two")) });
    const reader = (await get("/r")).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("one,");
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("two");
    expect((await reader?.read())?.done).toBe(true);
    const hit = await get("/r");
    expect([statusOf(hit), await hit.text()]).toEqual(["HIT", "one,two"]);
  });

  it.each([
    ["told", () => new Response("12345678", { headers: { "content-length": "8" } })],
    ["not told", () => new Response(pieces("1234", "5678"))],
  ])(
    "passes on what is longer than max_resp_body_size, its length %s, and keeps it not",
    async (_, upstream) => {
      const { ask } = await aCache({ max_resp_body_size: 7 }, { upstream });
      expect(await ask()).toBe("MISS 12345678");
      expect(await ask()).toBe("MISS 12345678");
    },
  );

  const long = () => Array.from({ length: 40 }, (_, i) => String(i % 10).repeat(65_536));

  it("keeps a long body in pieces, which are found once it is whole", async () => {
    const { ask, deps } = await aCache({}, { upstream: () => new Response(pieces(...long())) });
    const wanted = long().join("");
    expect((await ask()) === `MISS ${wanted}`).toBe(true);
    expect((await ask()) === `HIT ${wanted}`).toBe(true);
    expect((deps.responseCache as MemoryResponseCache).keys).toHaveLength(2);
  });

  it("keeps nothing of a long body that its client did not wait for", async () => {
    const { ask, get, settled } = await aCache(
      {},
      { upstream: () => new Response(pieces(...long())) },
    );
    const reader = (await get("/r")).body?.getReader();
    for (let i = 0; i < 20; i++) await reader?.read();
    await reader?.cancel();
    await settled();
    expect(await ask()).toMatch(/^MISS/);
  });

  it("keeps nothing of a body that broke off", async () => {
    let isFirst = true;
    const { ask, get } = await aCache(
      {},
      {
        upstream: () => {
          const broken = new ReadableStream<Uint8Array>({
            start: (controller) => controller.enqueue(new TextEncoder().encode("half")),
            pull: (controller) => controller.error(new Error("reset")),
          });
          const body = isFirst ? broken : "whole";
          isFirst = false;
          return new Response(body);
        },
      },
    );
    await expect((await get("/r")).text()).rejects.toThrow();
    expect(await ask()).toBe("MISS whole");
  });

  it("keeps nothing of a body that its client did not wait for", async () => {
    const { ask, get } = await aCache({}, { upstream: () => new Response(pieces("one,", "two")) });
    const left = await get("/r");
    const reader = left.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(await ask()).toBe("MISS one,two");
    expect(await ask()).toBe("HIT one,two");
  });

  it("keeps a coded body as it is", async () => {
    const gzipped = new Response("plain").body?.pipeThrough(new CompressionStream("gzip"));
    const bytes = await new Response(gzipped).bytes();
    const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
    const { get } = await aCache(
      {},
      { upstream: () => new Response(bytes, { headers, encodeBody: "manual" }) },
    );
    for (const wanted of ["MISS", "HIT"]) {
      const answer = await get("/r");
      expect([statusOf(answer), answer.headers.get("content-encoding")]).toEqual([wanted, "gzip"]);
      expect(await answer.bytes()).toEqual(bytes);
    }
  });

  it("lets a client not wait for a cache that does not answer", async () => {
    const responseCache = {
      get: async () => undefined,
      put: () => new Promise<void>(() => {}),
      delete: async () => false,
    };
    const timers = {
      after: (_ms: number, action: () => void) => {
        queueMicrotask(action);
        return () => {};
      },
    };
    const { ask } = await aCache({}, { deps: { responseCache, timers } });
    expect(await ask()).toBe("MISS answer 1");
  });
});
