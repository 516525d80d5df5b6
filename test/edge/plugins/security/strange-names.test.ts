import { expect, it } from "vitest";
import { jack } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { sealedToken } from "../../../support/sealed-token.ts";
import { signatureHeader } from "../../../support/signature-header.ts";
import { signedToken } from "../../../support/web-tokens.ts";

/** What every object of JavaScript has. */
const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];

const CONSUMERS = jack({
  "key-auth": { key: "k" },
  "basic-auth": { username: "jack", password: "p" },
  "jwt-auth": { key: "k", secret: "s" },
  "hmac-auth": { key_id: "k", secret_key: "s" },
  "jwe-decrypt": { key: "k", secret: "abcdefghijklmnopqrstuvwxyz123456" },
});

async function statusOf(plugin: string, headers: Record<string, string>, configuration = {}) {
  const { get, seen, serve } = aPluginWorld();
  await serve({ [plugin]: configuration }, CONSUMERS);
  const { status } = await get("/r", { headers });
  expect(seen).toEqual([]);
  return status;
}

it.each(NAMES)("no plugin knows a sender called %s", async (name) => {
  expect(await statusOf("key-auth", { apikey: name })).toBe(401);
  for (const password of ["", "undefined", "p", "function"]) {
    const authorization = `Basic ${btoa(`${name}:${password}`)}`;
    expect(await statusOf("basic-auth", { authorization })).toBe(401);
  }
  const payload = JSON.parse(`{"key":${JSON.stringify(name)},"exp":2000000000}`);
  const token = await signedToken({ payload, secret: "s" });
  expect(await statusOf("jwt-auth", { authorization: token })).toBe(401);
  const date = new Date(1_700_000_000_000).toUTCString();
  const signing = { keyId: name, secret: "s", names: "date", lines: [`date: ${date}`] };
  const authorization = await signatureHeader(signing);
  expect(await statusOf("hmac-auth", { authorization, date })).toBe(401);
  const sealed = await sealedToken("x", "abcdefghijklmnopqrstuvwxyz123456", name);
  const settings = { header: "authorization", forward_header: "x-plain" };
  expect(await statusOf("jwe-decrypt", { authorization: sealed }, settings)).toBe(400);
});

it.each(NAMES)("the claim %s of a token that has none names nobody", async (name) => {
  const token = await signedToken({ payload: { key: "k" }, secret: "s" });
  const headers = { authorization: token };
  expect(await statusOf("jwt-auth", headers, { key_claim_name: name })).toBe(401);
});

it.each(NAMES)("no algorithm of hmac-auth is called %s", async (name) => {
  const date = new Date(1_700_000_000_000).toUTCString();
  const good = await signatureHeader({
    keyId: "k",
    secret: "s",
    names: "date",
    lines: [`date: ${date}`],
  });
  const authorization = good.replace("hmac-sha256", name);
  expect(await statusOf("hmac-auth", { authorization, date })).toBe(401);
});
