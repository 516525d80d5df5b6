import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../../edge/plugins/plugin.ts";
import { jack, roseAndAnon, together, toldOf } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { base64Url, signedToken } from "../../../support/web-tokens.ts";

const SECRET = "secret-jack";
const CONSUMERS = together(
  jack({ "jwt-auth": { key: "k-jack", secret: SECRET } }),
  roseAndAnon({
    "jwt-auth": {
      key: "k-rose",
      secret: btoa("\x00\xff secret of rose"),
      base64_secret: true,
      algorithm: "HS512",
      lifetime_grace_period: 100,
    },
  }),
);
/** In seconds; the world's clock stands at it. */
const NOW = 1_700_000_000;

async function world(configuration: object = {}) {
  const opened = aPluginWorld();
  await opened.serve({ "jwt-auth": configuration }, CONSUMERS);
  const send = (token: string) => opened.get("/r", { headers: { authorization: token } });
  return { ...opened, send };
}

const ofJack = (claims: object = {}, header?: object) =>
  signedToken({ payload: { key: "k-jack", ...claims }, secret: SECRET, ...(header && { header }) });

const ofRose = (claims: object) =>
  signedToken({
    header: { alg: "HS512" },
    payload: { key: "k-rose", ...claims },
    secret: Uint8Array.from("\x00\xff secret of rose", (byte) => byte.charCodeAt(0)),
    hash: "SHA-512",
  });

describe("where a token is", () => {
  it.each<[string, (token: string) => [string, Record<string, string>]]>([
    ["Bearer", (token) => ["/r", { authorization: `Bearer ${token}` }]],
    ["bearer", (token) => ["/r", { authorization: `bearer ${token}` }]],
    ["the bare token", (token) => ["/r", { authorization: token }]],
    ["an argument", (token) => [`/r?jwt=${token}`, {}]],
    ["a cookie among others", (token) => ["/r", { cookie: `a=1; jwt=${token}; b=2` }]],
  ])("%s is taken", async (_, placed) => {
    const { get, seen } = await world();
    const [path, headers] = placed(await ofJack());
    expect((await get(path, { headers })).status).toBe(200);
    expect(toldOf(seen[0]?.headers)["x-consumer-username"]).toBe("jack");
  });

  it("the header comes before the argument, and the argument before the cookie", async () => {
    const { get } = await world();
    const token = await ofJack();
    const cookie = `jwt=${token}`;
    expect((await get("/r?jwt=x", { headers: { authorization: token } })).status).toBe(200);
    expect((await get(`/r?jwt=${token}`, { headers: { authorization: "x" } })).status).toBe(401);
    expect((await get("/r?jwt=x", { headers: { cookie } })).status).toBe(401);
  });

  it("is the route's own to say", async () => {
    const { get } = await world({ header: "X-Jwt", query: "token", cookie: "tok" });
    const token = await ofJack();
    const statuses = [
      await get("/r", { headers: { "x-jwt": `Bearer ${token}` } }),
      await get(`/r?token=${token}`),
      await get("/r", { headers: { cookie: `tok=${token}` } }),
      await get("/r", { headers: { authorization: token } }),
      await get(`/r?jwt=${token}`),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 401, 401]);
  });

  it("of two Authorization lines is nowhere: nginx answers 400", async () => {
    const { send } = await world({ anonymous_consumer: "anon" });
    const token = await ofJack();
    expect((await send(`Bearer ${token}, Bearer ${token}`)).status).toBe(400);
  });

  it("of other headers is in the first line", async () => {
    const { get } = await world({ header: "X-Jwt" });
    const token = await ofJack();
    expect((await get("/r", { headers: { "x-jwt": `${token}, x` } })).status).toBe(200);
    expect((await get("/r", { headers: { "x-jwt": `x, ${token}` } })).status).toBe(401);
  });

  it("is hidden from the upstream, other arguments and cookies stay", async () => {
    const { get, seen } = await world({ hide_credentials: true });
    const token = await ofJack();
    await get("/r?jwt=x", { headers: { authorization: token, cookie: "jwt=x" } });
    await get(`/r?a=1&jwt=${token}`);
    await get("/r", { headers: { cookie: `a=1; jwt=${token}; b=2` } });
    await get("/r", { headers: { cookie: `jwt=${token}` } });
    expect(seen.map(({ target, headers }) => [target, ...sentBy(headers)])).toEqual([
      ["/r?jwt=x", null, "jwt=x"],
      ["/r?a=1", null, null],
      ["/r", null, "a=1; b=2"],
      ["/r", null, null],
    ]);
  });
});

const sentBy = (headers: Headers) => ["authorization", "cookie"].map((name) => headers.get(name));

describe("what is no token", () => {
  const part = base64Url("{}");
  it.each<[string, string, string]>([
    ["nothing", "", "Missing JWT token in request"],
    ["no value", "?jwt", "JWT token invalid"],
    ["an empty value", "?jwt=", "JWT token invalid"],
    ["two values", `?jwt=${part}.${part}.x&jwt=${part}.${part}.x`, "JWT token invalid"],
    ["two parts", `?jwt=${part}.${part}`, "JWT token invalid"],
    ["four parts", `?jwt=${part}.${part}.x.x`, "JWT token invalid"],
    ["no JSON", "?jwt=a.b.c", "JWT token invalid"],
    ["a list", `?jwt=${part}.${base64Url("[]")}.x`, "JWT token invalid"],
    ["null", `?jwt=${part}.${base64Url("null")}.x`, "JWT token invalid"],
    [
      "no UTF-8",
      `?jwt=${part}.${base64Url(Uint8Array.from([34, 255, 34]))}.x`,
      "JWT token invalid",
    ],
    ["no key", `?jwt=${part}.${part}.x`, "missing user key in JWT token"],
    [
      "a number for a key",
      `?jwt=${part}.${base64Url('{"key":5}')}.x`,
      "Invalid user key in JWT token",
    ],
    [
      "an unknown key",
      `?jwt=${part}.${base64Url('{"key":"x"}')}.x`,
      "Invalid user key in JWT token",
    ],
  ])("%s is answered with 401", async (_, query, message) => {
    const { get, seen } = await world();
    const answer = await get(`/r${query}`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="jwt"');
    expect(await answer.json()).toEqual({ message });
    expect(seen).toEqual([]);
  });

  it("BEARER is no prefix", async () => {
    const { send } = await world();
    expect(await (await send(`BEARER ${await ofJack()}`)).json()).toEqual({
      message: "JWT token invalid",
    });
  });
});

describe("claims", () => {
  it.each<[object, object, number]>([
    [{}, {}, 200],
    [{ exp: NOW + 1 }, {}, 200],
    [{ exp: NOW }, {}, 401],
    [{ exp: String(NOW + 10) }, {}, 401],
    [{ exp: null }, {}, 401],
    [{ nbf: NOW - 1 }, {}, 200],
    [{ nbf: NOW }, {}, 401],
    [{ nbf: true }, {}, 401],
    [{ iat: NOW + 1000, aud: "x", iss: "y" }, {}, 200],
    [{ exp: NOW + 1 }, { claims_to_verify: ["exp"] }, 200],
    [{}, { claims_to_verify: ["exp"] }, 401],
    [{ exp: NOW + 1 }, { claims_to_verify: ["exp", "nbf"] }, 401],
    [{ exp: NOW + 1, nbf: NOW - 1 }, { claims_to_verify: ["exp", "nbf"] }, 200],
    [{ exp: NOW - 1, nbf: NOW - 1 }, { claims_to_verify: ["nbf"] }, 200],
  ])("%j with %j is answered with %i", async (claims, configuration, status) => {
    const { send } = await world(configuration);
    expect((await send(await ofJack(claims))).status).toBe(status);
  });

  it.each<[object, number]>([
    [{ exp: NOW - 99 }, 200],
    [{ exp: NOW - 100 }, 401],
    [{ nbf: NOW + 99 }, 200],
    [{ nbf: NOW + 100 }, 401],
  ])("%j with a grace of 100 seconds is answered with %i", async (claims, status) => {
    const { send } = await world();
    expect((await send(await ofRose(claims))).status).toBe(status);
  });

  it("may have the key under another name", async () => {
    const { send } = await world({ key_claim_name: "iss" });
    const token = await signedToken({ payload: { iss: "k-jack" }, secret: SECRET });
    expect((await send(token)).status).toBe(200);
    expect((await send(await ofJack())).status).toBe(401);
  });

  it("are a variable where they are to be stored", async () => {
    const { get, serve } = aPluginWorld({ own: [tellsClaims] });
    await serve({ "jwt-auth": { store_in_ctx: true }, "tells-claims": {} }, CONSUMERS);
    const path = `/r?jwt=${await ofJack({ role: "admin" })}`;
    expect(await (await get(path)).json()).toEqual({ claims: { key: "k-jack", role: "admin" } });
    await serve({ "jwt-auth": {}, "tells-claims": {} }, CONSUMERS);
    expect(await (await get(path)).json()).toEqual({});
  });
});

const tellsClaims: OwnPlugin = {
  name: "tells-claims",
  priority: 2000,
  schema: {},
  plugin: definePlugin(() => ({
    build: () => ({
      access: ({ variables }) => ({
        status: 200,
        body: { claims: variables.get("jwt_auth_payload") },
      }),
    }),
  })),
};

it("jwt-auth serves others as the anonymous consumer", async () => {
  const { seen, send } = await world({ anonymous_consumer: "anon" });
  expect((await send(await ofJack({ exp: 1 }))).status).toBe(200);
  expect(toldOf(seen[0]?.headers)["x-consumer-username"]).toBe("anon");
});
