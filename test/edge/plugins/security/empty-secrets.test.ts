import { expect, it } from "vitest";
import { jack } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { sealedToken } from "../../../support/sealed-token.ts";
import { signedToken } from "../../../support/web-tokens.ts";

const basic = (credentials: string) => ({ authorization: `Basic ${btoa(credentials)}` });

/** All of them what somebody could write by mistake, and schemas or references let pass. */
it.each<[string, string, object, string, Record<string, string>]>([
  ["key-auth, an empty header", "key-auth", { key: "" }, "/r", { apikey: "" }],
  ["key-auth, an empty argument", "key-auth", { key: "" }, "/r?apikey=", {}],
  ["key-auth, no key", "key-auth", {}, "/r?apikey=undefined", {}],
  [
    "basic-auth, white space",
    "basic-auth",
    { username: "jack", password: "" },
    "/r",
    basic("jack: "),
  ],
  ["basic-auth, nothing", "basic-auth", { username: "jack", password: "" }, "/r", basic("jack::x")],
  ["basic-auth, no password", "basic-auth", { username: "jack" }, "/r", basic("jack:undefined")],
  ["basic-auth, no name", "basic-auth", { username: "", password: "p" }, "/r", basic(":p")],
])("nobody comes in by an empty secret of %s", async (_, plugin, auth, path, headers) => {
  const { get, seen, serve } = aPluginWorld();
  await serve({ [plugin]: {} }, jack({ [plugin]: auth }));
  expect((await get(path, { headers })).status).toBe(401);
  expect(seen).toEqual([]);
});

it.each<[string, object]>([
  ["no secret", { key: "k" }],
  ["an empty secret", { key: "k", secret: "" }],
  ["a secret of another type", { key: "k", secret: 5 }],
  ["an empty secret in base64", { key: "k", secret: "====", base64_secret: true }],
  ["no public key", { key: "k", secret: "s", algorithm: "RS256" }],
  ["an algorithm called none", { key: "k", secret: "s", algorithm: "none" }],
])("jwt-auth lets nobody in by the key of a consumer with %s", async (_, auth) => {
  const { get, serve } = aPluginWorld();
  await serve({ "jwt-auth": {} }, jack({ "jwt-auth": auth }));
  for (const secret of ["s", "undefined", "null", "5", "====", "\0"]) {
    for (const alg of ["HS256", "RS256", "none"]) {
      const token = await signedToken({ header: { alg }, payload: { key: "k" }, secret });
      const unsigned = token.replace(/[^.]*$/, "");
      for (const authorization of [token, unsigned]) {
        expect((await get("/r", { headers: { authorization } })).status).toBe(401);
      }
    }
  }
});

it.each(["", "short", "abcdefghijklmnopqrstuvwxyz12345"])(
  "jwe-decrypt makes no key of the secret %j",
  async (secret) => {
    const { get, serve } = aPluginWorld();
    const settings = { header: "authorization", forward_header: "x-plain" };
    await serve({ "jwe-decrypt": settings }, jack({ "jwe-decrypt": { key: "k", secret } }));
    const authorization = await sealedToken("x", secret.padEnd(32, "\0"), "k");
    expect((await get("/r", { headers: { authorization } })).status).toBe(400);
  },
);
