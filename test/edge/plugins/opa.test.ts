import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream } from "../../support/snapshots.ts";

/** A gateway before an agent that answers as it is told; by default it allows. */
function aWorld(answer: () => Response | Promise<Response> = () => decided({ allow: true })) {
  const asked: { url: string; method: string; type: string | null; input: Input }[] = [];
  const fetch = async (url: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(url, init);
    const type = request.headers.get("content-type");
    const { input } = (await request.json()) as { input: Input };
    asked.push({ url: request.url, method: request.method, type, input });
    return answer();
  };
  return { ...aPluginWorld({ deps: { fetch } }), asked };
}

interface Input {
  readonly request: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
}

const decided = (result: unknown) => Response.json({ result });
const OPA = { host: "http://opa.test:8181", policy: "shop/orders" };

async function answering(result: unknown, change: object = {}) {
  const world = aWorld(() => decided(result));
  await world.serve({ opa: { ...OPA, ...change } });
  return world;
}

describe("opa asks", () => {
  it("its agent about the request", async () => {
    const { asked, get } = await answering({ allow: true });
    const headers = { "x-a": "1", authorization: "Bearer t" };
    const init = { method: "DELETE", host: "Shop.test:8080", from: "198.51.100.7", headers };
    expect((await get("/r/a%20b?x=1&x=2&y&z=%41", init)).status).toBe(200);
    expect(asked[0]).toMatchObject({
      url: "http://opa.test:8181/v1/data/shop/orders",
      method: "POST",
      type: "application/json",
    });
    expect(asked[0]?.input).toEqual({
      type: "http",
      request: {
        scheme: "http",
        method: "DELETE",
        host: "shop.test",
        port: 8080,
        path: "/r/a b",
        headers: expect.objectContaining({ ...headers, host: "Shop.test:8080" }),
        query: { x: ["1", "2"], y: true, z: "A" },
      },
      var: {
        server_port: expect.anything(),
        remote_addr: "198.51.100.7",
        timestamp: 1_700_000_000,
      },
    });
  });

  it("and tells it of route and service, where it is to", async () => {
    const { asked, get, publish } = aWorld();
    const opa = { ...OPA, with_route: true, with_service: true, with_consumer: true };
    await publish({
      services: {
        s: { id: "s", name: "orders", upstream: anUpstream(["u.test:80"]), plugins: { opa } },
      },
      routes: { r: { id: "r", uri: "/r*", service_id: "s", labels: { a: "b" } } },
    } as never);
    expect((await get("/r")).status).toBe(200);
    expect(asked[0]?.input.route).toMatchObject({
      id: "r",
      uri: "/r*",
      labels: { a: "b" },
      plugins: { opa },
    });
    expect(asked[0]?.input.route).not.toHaveProperty("upstream");
    expect(asked[0]?.input.service).toMatchObject({ id: "s", name: "orders" });
    expect(asked[0]?.input).not.toHaveProperty("consumer");
  });

  it("and of the consumer that was found before", async () => {
    const { asked, get, serve } = aWorld();
    await serve({ "key-auth": {}, opa: { ...OPA, with_consumer: true } }, {
      consumers: { jack: { username: "jack", plugins: { "key-auth": { key: "k" } } } },
    } as never);
    expect((await get("/r", { headers: { apikey: "k" } })).status).toBe(200);
    expect(asked[0]?.input.consumer).toMatchObject({ username: "jack", consumer_name: "jack" });
  });
});

describe("opa, when the request is allowed", () => {
  it("tells the upstream what is named, and only that", async () => {
    const result = {
      allow: true,
      headers: { "x-user": "jack", "X-Roles": ["a", "b"], "x-more": "1" },
    };
    const { get, seen } = await answering(result, {
      send_headers_upstream: ["X-User", "x-roles", "x-absent"],
    });
    const response = await get("/r", { headers: { "x-user": "admin" } });
    expect(response.headers.get("x-user")).toBeNull();
    expect(seen[0]?.headers.get("x-user")).toBe("jack");
    expect(seen[0]?.headers.get("x-roles")).toBe("a, b");
    expect(seen[0]?.headers.get("x-more")).toBeNull();
  });
});

describe("opa, when it is not", () => {
  it.each([
    [{ allow: false }, 403, "403 Forbidden"],
    [{}, 403, "403 Forbidden"],
    [{ allow: null }, 403, "403 Forbidden"],
    [{ allow: false, reason: "no order" }, 403, "no order"],
    [{ allow: false, reason: { code: 4 } }, 403, '{"code":4}'],
    [{ allow: false, status_code: 451, reason: 7 }, 451, "7"],
    [{ allow: false, status_code: 302, headers: { Location: "/login" } }, 302, "302 Found"],
    [{ allow: false, status_code: "401" }, 403, "403 Forbidden"],
    [{ allow: false, status_code: 99 }, 403, "403 Forbidden"],
  ])("%j: %i", async (result, status, body) => {
    const { get, seen } = await answering(result);
    const response = await get("/r");
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(body);
    expect(seen).toEqual([]);
  });

  it("answers with the policy's headers, which stay on their lines", async () => {
    const headers = {
      "x-why": "a\r\nset-cookie: b",
      "Set-Cookie": ["a=1", "b=2"],
      "x-no": null,
      "x y": "no name",
      "x-n": 1,
    };
    const { get } = await answering({ allow: false, headers });
    const response = await get("/r");
    expect(response.headers.get("x-why")).toBe("a%0D%0Aset-cookie: b");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("x-no")).toBeNull();
    expect(response.headers.get("x-n")).toBe("1");
  });
});

describe("opa, when there is no decision", () => {
  it.each([
    ["is down", () => Promise.reject(new TypeError("refused")), 403],
    ["has no such policy", () => Response.json({}), 503],
    ["says yes, and not in its words", () => decided(true), 503],
    ["says no, and not in its words", () => decided(false), 503],
    ["answers with HTML", () => new Response("<html>", { status: 500 }), 503],
    ["answers with nothing", () => new Response(""), 503],
    ["answers with null", () => Response.json(null), 503],
  ])("since the agent %s: %i", async (_what, answer, status) => {
    const { get, log, seen, serve } = aWorld(answer as () => Response);
    await serve({ opa: OPA });
    expect((await get("/r")).status).toBe(status);
    expect(seen).toEqual([]);
    expect(log[0]).toMatch(/^opa of routes\/r: /);
  });

  it("refuses a host that is none", async () => {
    const { get, serve } = aWorld();
    await serve({ opa: { ...OPA, host: "opa.test" } });
    expect((await get("/r")).status).toBe(503);
  });
});
