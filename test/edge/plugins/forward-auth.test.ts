import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const SERVICE = "https://auth.test/check";

/** A gateway before a service that answers as it is told. */
async function asking(answer: () => Response | Promise<Response>, change: object = {}) {
  const asked: { request: Request; body: string }[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    asked.push({ request, body: new TextDecoder().decode(await request.clone().arrayBuffer()) });
    return answer();
  };
  const world = aPluginWorld({ deps: { fetch } });
  await world.serve({ "forward-auth": { uri: SERVICE, ...change } });
  return { ...world, asked };
}

const yes =
  (headers: HeadersInit = {}) =>
  () =>
    new Response("fine", { headers });
const down = () => Promise.reject(new TypeError("connection refused"));

describe("forward-auth asks", () => {
  it("who came for what", async () => {
    const { asked, get, seen } = await asking(yes());
    const init = { method: "POST", body: "text", host: "Shop.test:8080", from: "198.51.100.7" };
    expect((await get("/r/a%20b?x=1", init)).status).toBe(200);
    const { request, body } = asked[0] ?? { request: new Request(SERVICE), body: "none" };
    expect([request.method, request.url, body]).toEqual(["GET", SERVICE, ""]);
    expect(Object.fromEntries(request.headers)).toEqual({
      "x-forwarded-proto": "http",
      "x-forwarded-method": "POST",
      "x-forwarded-host": "shop.test",
      "x-forwarded-uri": "/r/a b?x=1",
      "x-forwarded-for": "198.51.100.7",
    });
    expect(seen[0]?.body).toBe("text");
  });

  it("with headers of the client's and of the configuration's, which come first", async () => {
    const { asked, get } = await asking(yes(), {
      request_headers: ["Authorization", "X-Absent", "X-Both", "x-forwarded-for"],
      extra_headers: { "X-Both": "ours", "X-Path": "$uri of $remote_addr", "X-Nothing": "$none" },
    });
    const headers = {
      authorization: "Basic eA==",
      "x-both": "theirs",
      "x-forwarded-for": "9.9.9.9",
    };
    await get("/r/%0d%0aX-Evil:%201", { headers });
    const sent = asked[0]?.request.headers;
    expect(sent?.get("authorization")).toBe("Basic eA==");
    expect(sent?.get("x-both")).toBe("ours");
    expect(sent?.get("x-path")).toBe("/r/%0D%0AX-Evil: 1 of 192.0.2.1");
    expect(sent?.get("x-nothing")).toBe("");
    expect(sent?.get("x-absent")).toBeNull();
    expect(sent?.get("x-forwarded-for")).toBe("192.0.2.1");
    expect(sent?.get("x-evil")).toBeNull();
  });

  it("with the body, without its type, where it is asked to by POST", async () => {
    const { asked, get, seen } = await asking(yes(), { request_method: "POST" });
    const headers = { "content-type": "text/special", "content-encoding": "gzip" };
    await get("/r", { method: "PUT", body: "a body", headers });
    expect(asked[0]?.body).toBe("a body");
    expect(asked[0]?.request.method).toBe("POST");
    expect(asked[0]?.request.headers.get("content-encoding")).toBe("gzip");
    expect(asked[0]?.request.headers.get("content-type")).not.toBe("text/special");
    expect(seen[0]?.body).toBe("a body");
  });

  it("nobody about a body that is too long", async () => {
    const change = { request_method: "POST", max_req_body_size: 4 };
    const { asked, get, seen } = await asking(yes(), change);
    expect((await get("/r", { method: "POST", body: "12345" })).status).toBe(413);
    expect([asked, seen]).toEqual([[], []]);
    expect((await get("/r", { method: "POST", body: "1234" })).status).toBe(200);
  });
});

describe("forward-auth, when the service agrees", () => {
  it("tells the upstream what it says, and lets nobody else say it", async () => {
    const answer = yes({ "x-user": "jack", "x-other": "no" });
    const { get, seen } = await asking(answer, { upstream_headers: ["X-User", "X-Role"] });
    const headers = { "x-user": "admin", "x-role": "admin", "x-other": "mine" };
    const response = await get("/r", { headers });
    expect(response.headers.get("x-user")).toBeNull();
    expect(seen[0]?.headers.get("x-user")).toBe("jack");
    expect(seen[0]?.headers.get("x-role")).toBeNull();
    expect(seen[0]?.headers.get("x-other")).toBe("mine");
  });

  it.each([200, 204, 299])("by %i", async (status) => {
    const body = status === 204 ? null : "x";
    const { get } = await asking(() => new Response(body, { status }));
    expect(await (await get("/r")).text()).toBe("from u.test:80");
  });
});

describe("forward-auth, when the service refuses", () => {
  it.each([300, 302, 401, 403, 500, 503])("answers with its %i and its words", async (status) => {
    const answer = () => new Response("go away", { status, headers: { "x-why": "bad" } });
    const { get, seen } = await asking(answer);
    const response = await get("/r");
    expect([response.status, await response.text()]).toEqual([status, "go away"]);
    expect(response.headers.get("x-why")).toBeNull();
    expect(seen).toEqual([]);
  });

  it("sends the client on to where the service sends it, and nowhere by itself", async () => {
    const headers = new Headers({ location: "https://auth.test/login" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    const { asked, get } = await asking(() => new Response("", { status: 302, headers }), {
      client_headers: ["Location", "Set-Cookie", "Content-Length", "X-Absent"],
    });
    const response = await get("/r");
    expect(response.headers.get("location")).toBe("https://auth.test/login");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(asked.length).toBe(1);
    expect(asked[0]?.request.redirect).toBe("manual");
  });
});

describe("forward-auth, when the service does not answer", () => {
  it.each([
    [{}, 403],
    [{ status_on_error: 503 }, 503],
    [{ status_on_error: 451 }, 451],
    [{ allow_degradation: true }, 200],
  ])("%j: %i", async (change, status) => {
    const { get, log } = await asking(down, change);
    const response = await get("/r");
    expect(response.status).toBe(status);
    if (status === 451) expect(await response.text()).toBe("");
    expect(log).toEqual(["forward-auth of routes/r: https://auth.test/check: connection refused"]);
  });

  it("lets nobody else say what it would have said, where it may be missed", async () => {
    const change = { allow_degradation: true, upstream_headers: ["X-User"] };
    const { get, seen } = await asking(down, change);
    expect((await get("/r", { headers: { "x-user": "admin" } })).status).toBe(200);
    expect(seen[0]?.headers.get("x-user")).toBeNull();
  });

  it("waits no longer than it may, and lets go of the connection", async () => {
    const signals: (AbortSignal | null | undefined)[] = [];
    const fetch = (_input: RequestInfo | URL, init?: RequestInit) => {
      signals.push(init?.signal);
      return new Promise<Response>(() => {});
    };
    const timers = {
      after: (ms: number, action: () => void) => {
        if (ms === 700) action();
        return () => {};
      },
    };
    const { get, log, serve } = aPluginWorld({ deps: { fetch, timers } });
    await serve({ "forward-auth": { uri: SERVICE, timeout: 700 } });
    expect((await get("/r")).status).toBe(403);
    expect(log.join()).toContain("nothing in 700 ms");
    expect(signals[0]?.aborted).toBe(true);
  });

  it("reads no answer without an end", async () => {
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
    });
    const { get, log } = await asking(() => new Response(endless, { status: 401 }));
    expect((await get("/r")).status).toBe(403);
    expect(log.join()).toContain("longer than");
  });

  it.each([
    [{ uri: "auth.test/check" }],
    [{ extra_headers: { "a b": "1" } }],
    [{ request_headers: ["a b"] }],
    [{ upstream_headers: [""] }],
    [{ client_headers: ["é"] }],
  ])("refuses %j, which nobody could be asked with", async (change) => {
    const { get } = await asking(yes(), change);
    expect((await get("/r")).status).toBe(503);
  });
});
