import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { AccessLine } from "../../edge/access-log.ts";
import { createGateway, type GatewayDeps } from "../../edge/gateway.ts";
import { DEFAULT_URI_SETTINGS } from "../../shared/routing/matching-uri.ts";
import { anEdge } from "../support/edge-world.ts";
import { anUpstream, aRoute, makeSnapshot, type World } from "../support/snapshots.ts";

/** The gateway as a Hono app around a real loader; only the upstream answers here. */
function aGateway(settings: Partial<GatewayDeps["settings"]> = {}) {
  const edge = anEdge({ settings: { refreshIntervalMs: 0 } });
  const lines: AccessLine[] = [];
  const seen: { target: string; client: unknown; ahead: unknown; node: unknown }[] = [];
  const gateway = createGateway({
    loader: edge.loader,
    freshness: edge.freshness,
    chunks: edge.chunks,
    overlays: edge.overlays,
    balancers: edge.balancers,
    now: () => edge.clock.now,
    requestId: () => "0".repeat(32),
    log: () => {},
    proxy: async (request, target) => {
      const node = target.balancer.candidates(target.variables).next().value?.host;
      seen.push({ target: target.rawTarget, client: target.client, ahead: target.ahead, node });
      return new Response(`upstream saw ${request.method}`, { headers: { server: "APISIX" } });
    },
    settings: {
      statusPath: "/snapgate/status",
      statusToken: undefined,
      generationHeader: undefined,
      clientIpHeader: "cf-connecting-ip",
      trustedProxies: undefined,
      maxBodyBytes: 1024,
      listenPort: undefined,
      uri: DEFAULT_URI_SETTINGS,
      serverHeader: "APISIX",
      ...settings,
    },
    accessLog: (line) => lines.push(line),
  });
  const app = new Hono().route("/", gateway);
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
  return {
    edge,
    lines,
    seen,
    publish: async (world: World, generation = 1) =>
      edge.source.publish(await makeSnapshot(world, { generation })),
    get: (path: string, init?: RequestInit) =>
      app.request(`http://edge.test${path}`, init, {}, context),
  };
}

const ROUTES: World = {
  routes: { a: aRoute("a", { upstream: anUpstream(["u.test:80"]) }) },
};

describe("the gateway", () => {
  it("answers 503 with Retry-After, and says so, while nothing could be loaded", async () => {
    const { get } = aGateway();
    const answer = await get("/a");
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.text()).toMatch(/^\{"error_msg":"no configuration could be loaded yet/);
  });

  it("sends a matched request to its upstream, with the target as it came", async () => {
    const { get, publish, seen } = aGateway();
    await publish(ROUTES);
    const headers = { "cf-connecting-ip": "192.0.2.7", host: "shop.test:8080" };
    const answer = await get("/a?x=%20", { headers });
    expect(await answer.text()).toBe("upstream saw GET");
    expect(seen[0]).toMatchObject({
      target: "/a?x=%20",
      client: { address: "192.0.2.7", scheme: "http", hostHeader: "shop.test:8080", port: 8080 },
    });
  });

  it.each([
    ["/nope", "text/plain; charset=utf-8"],
    ["/nope.json", "application/json"],
    ["/nope.HTML", "text/html; charset=utf-8"],
    ["/nope.png?x=.json", "image/png"],
  ])("answers %s with APISIX's 404, of type %s", async (path, type) => {
    const { get, publish } = aGateway();
    await publish(ROUTES);
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe(type);
    expect(answer.headers.get("server")).toBe("APISIX");
    expect(await answer.text()).toBe('{"error_msg":"404 Route Not Found"}\n');
  });

  it("answers 400 with nginx's page for a target that cannot be decoded", async () => {
    const { get, publish } = aGateway();
    await publish(ROUTES);
    const answer = await get("/a%00b");
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("<center><h1>400 Bad Request</h1></center>");
  });

  it("matches by the URI settings, and sends the target on as it came", async () => {
    const on = {
      deleteUriTailSlash: false,
      normalizeUriLikeServlet: true,
      matchUriEncodedSlash: true,
    };
    const { get, publish, seen } = aGateway({ uri: on });
    await publish(ROUTES);
    expect((await get("/a;b=1/?c;d")).status).toBe(200);
    expect(seen[0]?.target).toBe("/a;b=1/?c;d");
    expect((await get("/;/a")).status).toBe(400);
  });

  describe("with conditions", () => {
    const byHeader = aRoute("b", { uri: "/a", vars: [["http_x_user", "==", "jack"]] });
    const byBody = aRoute("c", { uri: "/a", vars: [["post_arg_n", "==", "1"]] });
    const byAddress = aRoute("d", { uri: "/d", vars: [["arg_x", "ipmatch", ["10.0.0.0/8"]]] });
    const upstream = anUpstream(["u.test:80"]);
    const world: World = {
      routes: {
        b: { ...byHeader, upstream },
        c: { ...byBody, upstream },
        d: { ...byAddress, upstream },
      },
    };
    const form = { "content-type": "application/x-www-form-urlencoded" };

    it("routes by a header, and reads no body for it", async () => {
      const { get, publish, seen, lines } = aGateway();
      await publish(world);
      const headers = { ...form, "x-user": "jack" };
      expect((await get("/a", { method: "POST", headers, body: "n=1" })).status).toBe(200);
      expect([lines[0]?.route, seen[0]?.ahead]).toEqual(["b", undefined]);
      expect((await get("/a", { headers: { "x-user": "jill" } })).status).toBe(404);
    });

    it("routes by the body, which arrives whole at the proxy", async () => {
      const { get, publish, seen, lines } = aGateway();
      await publish(world);
      expect((await get("/a", { method: "POST", headers: form, body: "m=2&n=1" })).status).toBe(
        200,
      );
      expect(lines[0]?.route).toBe("c");
      expect(seen[0]?.ahead).toEqual(new TextEncoder().encode("m=2&n=1"));
      expect((await get("/a", { method: "POST", headers: form, body: "n=2" })).status).toBe(404);
    });

    it("sends a body on whole that was too long to look into", async () => {
      const { get, publish, seen } = aGateway({ maxBodyBytes: 8 });
      const either = { ...byBody, vars: [["post_arg_n", "!", "==", "2"]], upstream };
      await publish({ routes: { c: either } });
      const body = new Response("m=1&m=2&n=2").body;
      expect((await get("/a", { method: "POST", headers: form, body })).status).toBe(200);
      const ahead = seen[0]?.ahead as ReadableStream;
      expect(await new Response(ahead).text()).toBe("m=1&m=2&n=2");
    });

    it("answers 500 with nginx's page where one cannot be evaluated", async () => {
      const { get, publish, seen, lines } = aGateway();
      await publish(world);
      const answer = await get("/d?x");
      expect(answer.status).toBe(500);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(await answer.text()).toContain("<h1>500 Internal Server Error</h1>");
      expect(lines[0]?.error).toBe("vars[0]: ipmatch on what is neither text nor nothing");
      expect(seen).toEqual([]);
    });

    it("answers 400 where the body that it looks into is cut", async () => {
      const { get, publish, seen } = aGateway();
      await publish(world);
      const body = new ReadableStream({ pull: (piece) => piece.error(new Error("gone")) });
      const answer = await get("/a", { method: "POST", headers: form, body });
      expect([answer.status, seen.length]).toEqual([400, 0]);
    });
  });

  it.each<[string, object]>([
    ["nothing else has read", {}],
    ["a condition has read", { vars: [["post_arg_user", "~=", "nobody"]] }],
  ])("hashes by a body that %s, and sends all of it on", async (_, more) => {
    const hash = { type: "chash", hash_on: "vars_combinations", key: "$post_arg_user" };
    const upstream = anUpstream(["n1.test:80", "n2.test:80", "n3.test:80"], hash);
    const { get, publish, seen } = aGateway();
    await publish({ routes: { a: aRoute("a", { upstream, ...more }) } });
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      "cf-connecting-ip": "192.0.2.7",
    };
    const post = (body: string) => get("/a", { method: "POST", body, headers });
    const users = Array.from({ length: 15 }, (_, i) => `user-${i}`);
    for (const user of [...users, ...users]) await post(`user=${user}`);
    const nodes = seen.map(({ node }) => node);
    expect(new Set(nodes).size).toBe(3);
    expect(nodes.slice(users.length)).toEqual(nodes.slice(0, users.length));
    expect(seen[0]?.ahead).toEqual(new TextEncoder().encode("user=user-0"));
    // Too long to be looked into: the client's address stands in.
    for (const user of users) await post(`user=${user}&x=${"x".repeat(2000)}`);
    expect(new Set(seen.slice(2 * users.length).map(({ node }) => node)).size).toBe(1);
  });

  it("refuses every request while a global rule has a guard that it cannot run", async () => {
    const { get, publish } = aGateway();
    const rules = { global_rules: { g: { id: "g", plugins: { "ext-plugin-pre-req": {} } } } };
    await publish({ ...ROUTES, ...rules });
    for (const path of ["/a", "/nope"]) {
      const answer = await get(path);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain(
        "global rule g is not served: plugins.ext-plugin-pre-req",
      );
    }
  });

  it("lets requests pass a global rule that only observes", async () => {
    const { get, publish } = aGateway();
    await publish({ ...ROUTES, global_rules: { g: { id: "g", plugins: { prometheus: {} } } } });
    expect((await get("/a")).status).toBe(200);
  });

  it("tells the generation in a header where one is named, on errors too", async () => {
    const { get, publish } = aGateway({ generationHeader: "X-Snapgate-Generation" });
    await publish(ROUTES, 41);
    expect((await get("/a")).headers.get("x-snapgate-generation")).toBe("41");
    expect((await get("/nope")).headers.get("x-snapgate-generation")).toBe("41");
    const silent = aGateway();
    await silent.publish(ROUTES);
    expect([...(await silent.get("/a")).headers.keys()]).not.toContain("x-snapgate-generation");
  });

  it("answers 503 with Retry-After when a part of the snapshot cannot be read", async () => {
    const { edge, get } = aGateway();
    const ids = Array.from({ length: 200 }, (_, i) => `r${i}`);
    const routes = Object.fromEntries(ids.map((id) => [id, aRoute(id)]));
    edge.source.publish(await makeSnapshot({ routes }, { generation: 1, bodyLimit: 200 }));
    await edge.loader.refresh();
    edge.source.before = async () => {
      throw new Error("down");
    };
    const answer = await get("/r99");
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  it("logs a line a request", async () => {
    const { get, publish, lines } = aGateway();
    await publish(ROUTES, 3);
    await get("/a", { method: "POST", headers: { host: "h.test" } });
    await get("/nope");
    expect(lines).toMatchObject([
      { method: "POST", uri: "/a", host: "h.test", status: 200, route: "a", generation: 3 },
      { method: "GET", uri: "/nope", status: 404, route: undefined, error: "no route" },
    ]);
  });
});

describe("the status endpoint", () => {
  it("is no endpoint at all without a token: its path is routed like any other", async () => {
    const { get, publish } = aGateway();
    await publish(ROUTES);
    expect((await get("/snapgate/status")).status).toBe(404);
  });

  it.each([[undefined], ["Bearer wrong"], ["secret"], ["bearer secret"]])(
    "answers 401 to Authorization %s",
    async (authorization) => {
      const { get } = aGateway({ statusToken: "secret" });
      const headers: HeadersInit = authorization === undefined ? {} : { authorization };
      expect((await get("/snapgate/status", { headers })).status).toBe(401);
    },
  );

  it("tells generation, revision, age of the last check, source and outcomes", async () => {
    const { edge, get, publish } = aGateway({ statusToken: "secret", statusPath: "/where" });
    await publish(ROUTES, 12);
    await get("/a");
    edge.clock.now += 2500;
    const answer = await get("/where", { headers: { authorization: "Bearer secret" } });
    expect(await answer.json()).toMatchObject({
      generation: 12,
      revision: 120,
      router: "radixtree_host_uri",
      lastCheckAgeSeconds: 2.5,
      confirmedAgeSeconds: 2.5,
      source: "first",
      looks: [{ source: "first", outcome: "newer" }],
    });
  });
});
