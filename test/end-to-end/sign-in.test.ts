import type { Server } from "node:http";
import { type ServerType, serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../examples/quick-start/ports.ts";
import { aBrowser, locationOf } from "../support/browser.ts";
import {
  anIdentityProvider,
  CLIENT,
  type IdentityProvider,
  SUBJECT,
} from "../support/identity-provider.ts";
import { type Stack, startStack } from "../support/stack.ts";

/** An identity provider, an auth service and a policy agent of their own, from etcd to the upstream. */
describe("plugins that ask someone outside", () => {
  let stack: Stack;
  let provider: IdentityProvider;
  let idp: ServerType;
  let services: ServerType;

  beforeAll(async () => {
    const [idpPort, port] = [await freePort(), await freePort()];
    provider = await anIdentityProvider({
      issuer: `http://127.0.0.1:${idpPort}`,
      now: Date.now,
      alg: "RS256",
    });
    const own = (fetch: (request: Request) => Promise<Response>, at: number) =>
      serve({ fetch, port: at, hostname: "127.0.0.1" });
    idp = own(provider.fetch, idpPort);
    services = own(answered, port);
    stack = await startStack();
    const client = { client_id: CLIENT.id, client_secret: CLIENT.secret };
    const oidc = { ...client, discovery: provider.discovery };
    const session = { secret: "a secret of some length" };
    const plugins = {
      page: {
        "openid-connect": {
          ...oidc,
          session,
          use_pkce: true,
          use_nonce: true,
          logout_path: "/page/bye",
        },
      },
      jwks: { "openid-connect": { ...oidc, bearer_only: true, use_jwks: true } },
      opaque: { "openid-connect": { ...oidc, bearer_only: true, required_scopes: ["read"] } },
      forwarded: {
        "forward-auth": {
          uri: `http://127.0.0.1:${port}/auth`,
          request_headers: ["authorization"],
          upstream_headers: ["x-user"],
          client_headers: ["location"],
        },
      },
      opa: { opa: { host: `http://127.0.0.1:${port}`, policy: "example" } },
    };
    const upstream = { type: "roundrobin", nodes: { [`127.0.0.1:${port}`]: 1 } };
    for (const [name, its] of Object.entries(plugins)) {
      await stack.put(`routes/${name}`, { uri: `/${name}*`, plugins: its, upstream });
    }
    // The last one that was written.
    await stack.served("/opa", 403);
  });
  afterAll(async () => {
    await stack?.stop();
    for (const server of [idp, services] as (Server | undefined)[]) {
      server?.closeAllConnections();
      server?.close();
    }
  });

  const browserOf = () => aBrowser((path, init) => stack.get(path, init));

  async function signedIn(path: string) {
    const browser = browserOf();
    const back = await provider.authorize(locationOf(await browser.get(path)));
    const done = await browser.get(`${back.pathname}${back.search}`);
    expect([done.status, done.headers.get("location")]).toEqual([302, path]);
    return browser;
  }

  const bearer = (token: string, path = "/jwks") =>
    stack.get(path, { headers: { authorization: `Bearer ${token}` } });

  it("asks a provider once for requests that come at a time", async () => {
    const token = await provider.sign();
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => bearer(token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    const asked = provider.asked.map(({ what }) => what);
    expect(asked).toEqual(["GET /.well-known/openid-configuration", "GET /jwks"]);
  });

  it("signs a user in, tells the upstream of him, and signs him out", async () => {
    const browser = await signedIn("/page/a?b=%20c");
    const seen = await seenIn(await browser.get("/page/a?b=%20c"));
    expect(seen.url).toBe("/page/a?b=%20c");
    expect(seen.headers["x-access-token"]).toMatch(/^access-/);
    expect(
      JSON.parse(Buffer.from(seen.headers["x-id-token"] ?? "", "base64").toString()),
    ).toMatchObject({
      sub: SUBJECT,
      iss: provider.issuer,
    });
    expect(seen.headers.cookie).toBeUndefined();
    const out = await browser.get("/page/bye");
    expect(locationOf(out)).toContain(`${provider.issuer}/end-session?id_token_hint=`);
    expect((await browser.get("/page")).status).toBe(302);
  });

  it("asks for new tokens once the old ones are over", async () => {
    provider.behaviour.expiresIn = 1;
    const browser = await signedIn("/page");
    provider.behaviour.expiresIn = 300;
    const first = await seenIn(await browser.get("/page"));
    const second = await seenIn(await browser.get("/page"));
    expect(first.headers["x-access-token"]).toBe(second.headers["x-access-token"]);
    const grants = provider.asked.map(({ form }) => form.get("grant_type"));
    expect(grants.filter((grant) => grant === "refresh_token").length).toBe(1);
  });

  it("lets nobody in by another's callback, or a changed session", async () => {
    const victim = browserOf();
    await victim.get("/page/mine");
    const back = await provider.authorize(locationOf(await browserOf().get("/page")));
    const answer = await victim.get(`${back.pathname}${back.search}`);
    expect(answer.headers.get("location")).toBe("/page/mine");
    const browser = await signedIn("/page");
    for (const [name, session] of browser.cookies) {
      browser.cookies.set(name, `${session.slice(0, -4)}AAAA`);
    }
    expect((await browser.get("/page")).status).toBe(302);
  });

  it("takes no bearer token that is over, forged or withdrawn", async () => {
    expect((await bearer(await provider.sign({ exp: 1 }))).status).toBe(401);
    const secret = new TextEncoder().encode(await provider.publicKey());
    expect((await bearer(await provider.sign({}, { alg: "HS256", key: secret }))).status).toBe(401);
    expect((await bearer("opaque", "/opaque")).status).toBe(200);
    provider.behaviour.introspection = { active: false };
    expect((await bearer("opaque", "/opaque")).status).toBe(200);
    expect((await bearer("other", "/opaque")).status).toBe(401);
  });

  it("goes by what other services decide", async () => {
    const sent = (path: string, authorization: string) =>
      stack.get(path, { headers: { authorization, "x-user": "forged" }, redirect: "manual" });
    const refused = await sent("/forwarded", "none");
    expect([refused.status, refused.headers.get("location")]).toEqual([302, "/login"]);
    const seen = await seenIn(await sent("/forwarded", "jack"));
    expect(seen.headers["x-user"]).toBe("jack");
    expect((await sent("/opa", "jack")).status).toBe(200);
    const denied = await sent("/opa", "none");
    expect([denied.status, await denied.text()]).toEqual([403, "not you"]);
  });

  it("keeps whoever is signed in, while the provider is down", async () => {
    const browser = await signedIn("/page");
    (idp as Server).closeAllConnections();
    await new Promise((resolve) => idp.close(resolve));
    expect((await browser.get("/page")).status).toBe(200);
    provider.behaviour.isDown = true;
    // What the isolate knows of the provider is enough to send a browser there.
    expect((await browserOf().get("/page")).status).toBe(302);
  });
});

interface Seen {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function seenIn(response: Response): Promise<Seen> {
  expect(response.status).toBe(200);
  return (await response.json()) as Seen;
}

/** Upstream, auth service and policy agent in one. */
async function answered(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const who = request.headers.get("authorization");
  if (pathname === "/auth") {
    if (who === "jack") return new Response(null, { headers: { "x-user": "jack" } });
    return new Response(null, { status: 302, headers: { location: "/login" } });
  }
  if (pathname === "/v1/data/example") {
    const { input } = (await request.json()) as {
      input: { request: { headers: Record<string, string> } };
    };
    const allow = input.request.headers.authorization === "jack";
    return Response.json({ result: allow ? { allow } : { allow, reason: "not you" } });
  }
  const headers = Object.fromEntries(request.headers);
  return Response.json({ url: `${pathname}${search}`, headers });
}
