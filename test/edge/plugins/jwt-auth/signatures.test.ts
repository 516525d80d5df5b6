import { describe, expect, it } from "vitest";
import { jack } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import tokens from "../../../support/signed-tokens.json" with { type: "json" };
import { base64Url, signedToken } from "../../../support/web-tokens.ts";

/** Keys and tokens in `signed-tokens.json` were made by OpenSSL; all are of one claim. */
const CLAIMS = { key: "user-key", exp: 4_102_444_800 };

async function statusOf(auth: object, token: string) {
  const { get, log, serve } = aPluginWorld();
  await serve({ "jwt-auth": {} }, jack({ "jwt-auth": { key: "user-key", ...auth } }));
  const { status } = await get("/r", { headers: { authorization: `Bearer ${token}` } });
  return { status, log };
}

/** With one bit of its signature turned over, in a digit all of whose bits count. */
function turned(token: string): string {
  const at = token.lastIndexOf(".") + 5;
  const digit = token[at] === "A" ? "B" : "A";
  return token.slice(0, at) + digit + token.slice(at + 1);
}

describe.each(tokens)("$algorithm", ({ algorithm, public_key, token }) => {
  const auth = { algorithm, public_key };

  it("holds what OpenSSL signed, and nothing else", async () => {
    expect((await statusOf(auth, token)).status).toBe(200);
    expect((await statusOf(auth, turned(token))).status).toBe(401);
    expect((await statusOf(auth, `${token}AAAA`)).status).toBe(401);
    const [header = "", , signature = ""] = token.split(".");
    const other = base64Url(JSON.stringify({ ...CLAIMS, admin: true }));
    expect((await statusOf(auth, `${header}.${other}.${signature}`)).status).toBe(401);
    expect((await statusOf(auth, `${token.slice(0, token.lastIndexOf("."))}.`)).status).toBe(401);
  });

  it("is no shared secret: a token signed with the text of the public key is refused", async () => {
    for (const alg of ["HS256", algorithm]) {
      const forged = await signedToken({ header: { alg }, payload: CLAIMS, secret: public_key });
      expect((await statusOf(auth, forged)).status).toBe(401);
    }
  });

  it("does not hold a token whose header names another algorithm", async () => {
    for (const { algorithm: other, token: otherToken } of tokens) {
      if (other === algorithm) continue;
      expect((await statusOf(auth, otherToken)).status).toBe(401);
    }
  });
});

describe("shared secrets", () => {
  it.each([256, 384, 512])("HS%i holds its own tokens and those of no other", async (bits) => {
    const secret = "a secret";
    const tokenOf = (of: number) =>
      signedToken({ header: { alg: `HS${of}` }, payload: CLAIMS, secret, hash: `SHA-${of}` });
    const auth = { algorithm: `HS${bits}`, secret };
    for (const other of [256, 384, 512]) {
      const { status } = await statusOf(auth, await tokenOf(other));
      expect(status).toBe(other === bits ? 200 : 401);
    }
    expect((await statusOf({ ...auth, secret: "another" }, await tokenOf(bits))).status).toBe(401);
  });

  it.each<[string, object]>([
    ["none", { alg: "none" }],
    ["None", { alg: "None" }],
    ["nothing", {}],
    ["a list with the right one", { alg: ["HS256"] }],
    ["the right one in lower case", { alg: "hs256" }],
  ])("do not hold a token whose header names %s", async (_, header) => {
    const token = await signedToken({ header, payload: CLAIMS, secret: "s" });
    expect((await statusOf({ secret: "s" }, token)).status).toBe(401);
    const bare = `${token.slice(0, token.lastIndexOf("."))}.`;
    expect((await statusOf({ secret: "s" }, bare)).status).toBe(401);
  });

  it("hold a token of HS256 where the consumer names no algorithm", async () => {
    const token = await signedToken({ payload: CLAIMS, secret: "s" });
    expect((await statusOf({ secret: "s" }, token)).status).toBe(200);
  });

  it("do not hold a token with extensions that must be understood", async () => {
    const header = { alg: "HS256", crit: ["exp"], exp: 1 };
    const token = await signedToken({ header, payload: CLAIMS, secret: "s" });
    expect((await statusOf({ secret: "s" }, token)).status).toBe(401);
  });

  it("are bytes where they are said to be base64", async () => {
    const secret = Uint8Array.from([0, 255, 10]);
    const token = await signedToken({ payload: CLAIMS, secret });
    const auth = { secret: "AP8K", base64_secret: true };
    expect((await statusOf(auth, token)).status).toBe(200);
    expect((await statusOf({ ...auth, base64_secret: false }, token)).status).toBe(401);
  });
});

describe("a key that is none", () => {
  const rsa = tokens.find(({ algorithm }) => algorithm === "RS256");
  const ec = tokens.find(({ algorithm }) => algorithm === "ES384");

  it.each<[string, object]>([
    ["is missing", { algorithm: "RS256" }],
    ["is no PEM", { algorithm: "RS256", public_key: "x" }],
    ["is of another kind", { algorithm: "RS256", public_key: ec?.public_key }],
    ["is a secret", { algorithm: "RS256", secret: "x" }],
    [
      "is empty",
      { algorithm: "RS256", public_key: "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----" },
    ],
  ])("that %s lets nobody in, and the log tells", async (_, auth) => {
    const { status, log } = await statusOf(auth, rsa?.token ?? "");
    expect(status).toBe(401);
    expect(log).toEqual([expect.stringContaining("a consumer's key for RS256 cannot be used")]);
  });

  it("on another curve lets nobody in", async () => {
    const token = tokens.find(({ algorithm }) => algorithm === "ES256")?.token ?? "";
    const auth = { algorithm: "ES256", public_key: ec?.public_key };
    expect((await statusOf(auth, token)).status).toBe(401);
  });

  it("without a secret, or with one that is no base64, lets nobody in", async () => {
    const token = await signedToken({ payload: CLAIMS, secret: "\0" });
    expect((await statusOf({}, token)).status).toBe(401);
    expect((await statusOf({ secret: "!", base64_secret: true }, token)).status).toBe(401);
  });
});

it("a public key may be of PKCS #1", async () => {
  const rsa = tokens.find(({ pkcs1 }) => pkcs1 !== undefined);
  const auth = { algorithm: "RS256", public_key: rsa?.pkcs1 };
  expect((await statusOf(auth, rsa?.token ?? "")).status).toBe(200);
  expect((await statusOf(auth, turned(rsa?.token ?? ""))).status).toBe(401);
});
