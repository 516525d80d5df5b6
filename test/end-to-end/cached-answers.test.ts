import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendRaw } from "../support/raw-http.ts";
import { type Stack, startStack } from "../support/stack.ts";

const CACHE = { cache_strategy: "memory", cache_zone: "m" };
const BIG = Buffer.alloc(3_000_000, "big ");
const CODED = gzipSync("a text that was coded by its upstream");

/** Counts, and answers by the path: with a length, without one, coded. */
function startCounting(): Promise<Server> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    response.setHeader("x-count", count);
    const path = request.url?.split("?")[0];
    if (path === "/cached/big") response.end(BIG);
    else if (path === "/cached/cut" && request.headers["x-cut"]) {
      response.write("half");
      setImmediate(() => response.destroy());
    } else if (path === "/cached/chunked") {
      response.write("one,");
      response.end("two");
    } else if (path === "/cached/coded") {
      response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" });
      response.end(CODED);
    } else response.end(`answer ${count} to ${request.url} for ${request.headers["x-real-ip"]}`);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("the Cache API of the platform, and endpoints of plugins", () => {
  let stack: Stack;
  let server: Server;

  beforeAll(async () => {
    server = await startCounting();
    const { port } = server.address() as AddressInfo;
    stack = await startStack();
    const upstream = { type: "roundrobin", nodes: { [`127.0.0.1:${port}`]: 1 } };
    await stack.put("routes/plain", { uri: "/plain", upstream });
    await stack.put("routes/batch", {
      uri: "/batch",
      plugins: { "public-api": { uri: "/apisix/batch-requests" } },
    });
    await stack.put("routes/cached", {
      uri: "/cached/*",
      upstream,
      plugins: { "proxy-cache": CACHE },
    });
    await stack.served("/cached/first");
    await stack.served("/plain");
  });
  afterAll(async () => {
    await stack?.stop();
    server?.close();
  });

  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await stack.get(path, init);
    const status = answer.headers.get("apisix-cache-status");
    return { status, body: await answer.text(), answer };
  };

  it("keeps an answer until it is purged", async () => {
    const first = await ask("/cached/a?x=1");
    const second = await ask("/cached/a?x=1");
    expect([first.status, second.status]).toEqual(["MISS", "HIT"]);
    expect(second.body).toBe(first.body);
    expect(second.answer.headers.get("content-length")).toBe(String(first.body.length));
    expect(second.answer.headers.get("age")).toMatch(/^\d$/);
    const purge = () => stack.get("/cached/a?x=1", { method: "PURGE" });
    expect([(await purge()).status, (await purge()).status]).toEqual([200, 404]);
    const third = await ask("/cached/a?x=1");
    expect(third.status).toBe("MISS");
    expect(third.body).not.toBe(first.body);
  });

  it("answers HEAD from it, with the length that the body has", async () => {
    const { body } = await ask("/cached/b");
    const raw = await sendRaw(
      stack.edge.url,
      "HEAD /cached/b HTTP/1.1\r\nHost: " +
        new URL(stack.edge.url).host +
        "\r\nConnection: close\r\n\r\n",
      10_000,
    );
    expect(raw.head.toLowerCase()).toContain("apisix-cache-status: hit");
    expect(raw.head.toLowerCase()).toContain(`content-length: ${body.length}`);
    expect(raw.body.length).toBe(0);
  });

  it.each([
    ["big", BIG.toString()],
    ["chunked", "one,two"],
    ["coded", "a text that was coded by its upstream"],
  ])("keeps a body that is %s as it came", async (name, text) => {
    const headers = { "accept-encoding": "gzip" };
    const first = await ask(`/cached/${name}`, { headers });
    const second = await ask(`/cached/${name}`, { headers });
    expect([first.status, second.status]).toEqual(["MISS", "HIT"]);
    expect(first.body === text).toBe(true);
    expect(second.body === text).toBe(true);
    expect(second.answer.headers.get("content-encoding")).toBe(name === "coded" ? "gzip" : null);
  });

  it("keeps nothing of a body that broke off", async () => {
    const cut = await stack.get("/cached/cut", { headers: { "x-cut": "1" } });
    await expect(cut.text()).rejects.toThrow();
    const next = await ask("/cached/cut");
    expect([next.status, next.body]).toEqual(["MISS", expect.stringMatching(/^answer/)]);
    expect((await ask("/cached/cut")).status).toBe("HIT");
  });

  it("answers the requests of a batch by the whole gateway, its cache too", async () => {
    await ask("/cached/c");
    const pipeline = [
      { path: "/plain", query: { x: 1 } },
      { path: "/cached/c" },
      { path: "/nowhere" },
    ];
    const answer = await stack.get("/batch", {
      method: "POST",
      headers: { "cf-connecting-ip": "192.0.2.7" },
      body: JSON.stringify({ headers: { "CF-Connecting-IP": "203.0.113.9" }, pipeline }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual([
      expect.objectContaining({
        status: 200,
        reason: "OK",
        body: expect.stringMatching(/^answer \d+ to \/plain\?x=1 for 192\.0\.2\.7$/),
      }),
      expect.objectContaining({
        status: 200,
        headers: expect.objectContaining({ "Apisix-Cache-Status": "HIT" }),
      }),
      expect.objectContaining({ status: 404, body: '{"error_msg":"404 Route Not Found"}\n' }),
    ]);
  });
});
