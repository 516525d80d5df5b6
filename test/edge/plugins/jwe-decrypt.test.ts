import { describe, expect, it } from "vitest";
import { jack } from "../../support/consumers.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { base64Url } from "../../support/web-tokens.ts";

const SECRET = "abcdefghijklmnopqrstuvwxyz123456";
const IV = new Uint8Array(12).fill(7);
const UTF8 = new TextEncoder();

async function world(configuration: object = {}, auth: object = { secret: SECRET }) {
  const opened = aPluginWorld();
  const settings = { header: "Authorization", forward_header: "X-Plain", ...configuration };
  await opened.serve({ "jwe-decrypt": settings }, jack({ "jwe-decrypt": { key: "k1", ...auth } }));
  const send = (authorization: string) => opened.get("/r", { headers: { authorization } });
  return { ...opened, send };
}

async function parts(text: string, header: object = { alg: "dir", enc: "A256GCM", kid: "k1" }) {
  const key = await crypto.subtle.importKey("raw", UTF8.encode(SECRET), "AES-GCM", false, [
    "encrypt",
  ]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: IV }, key, UTF8.encode(text));
  const bytes = new Uint8Array(sealed);
  return {
    header: base64Url(JSON.stringify(header)),
    iv: base64Url(IV),
    ciphertext: base64Url(bytes.subarray(0, -16)),
    tag: base64Url(bytes.subarray(-16)),
  };
}

async function tokenOf(text: string, change: Partial<Awaited<ReturnType<typeof parts>>> = {}) {
  const { header, iv, ciphertext, tag } = { ...(await parts(text)), ...change };
  return `${header}..${iv}.${ciphertext}.${tag}`;
}

describe("jwe-decrypt", () => {
  it("gives the upstream the text of a token, and says nothing of a consumer", async () => {
    const { seen, send } = await world();
    expect((await send(`Bearer ${await tokenOf("hellö")}`)).status).toBe(200);
    expect((await send(await tokenOf("hello"))).status).toBe(200);
    expect(seen.map(({ headers }) => headers.get("x-plain"))).toEqual(["hellö", "hello"]);
    expect(seen[0]?.headers.has("x-consumer-username")).toBe(false);
  });

  it("reads a token that APISIX has made", async () => {
    const { seen, send } = await world();
    const token =
      "eyJhbGciOiJkaXIiLCJraWQiOiJrMSIsImVuYyI6IkEyNTZHQ00ifQ..MTIzNDU2Nzg5MDEy.556Cv-U.7yPB7rglw4Xj3MMzmQDDug";
    await send(token);
    // Of a tag that is too long the first 128 bits count.
    await send(`${token}x`);
    expect(seen.map(({ headers }) => headers.get("x-plain"))).toEqual(["hello", "hello"]);
  });

  it("knows a secret in base64", async () => {
    const { send } = await world({}, { secret: btoa(SECRET), is_base64_encoded: true });
    expect((await send(await tokenOf("hello"))).status).toBe(200);
  });

  it.each<[string, Promise<string>, string]>([
    ["three parts", Promise.resolve("a.b.c"), "JWE token invalid"],
    ["six parts", tokenOf("x").then((token) => `${token}.x`), "JWE token invalid"],
    ["a header that is no JSON", tokenOf("x", { header: "abcd" }), "JWE token invalid"],
    ["a header without kid", tokenOf("x", { header: base64Url("{}") }), "missing kid in JWE token"],
    [
      "an unknown kid",
      tokenOf("x", { header: base64Url('{"kid":"k2"}') }),
      "invalid kid in JWE token",
    ],
    [
      "a number for a kid",
      tokenOf("x", { header: base64Url('{"kid":1}') }),
      "invalid kid in JWE token",
    ],
    ["another ciphertext", tokenOf("x", { ciphertext: "AA" }), "failed to decrypt JWE token"],
    ["another tag", tokenOf("x", { tag: `${base64Url(IV)}AAAAAA` }), "failed to decrypt JWE token"],
    ["no tag", tokenOf("x", { tag: "" }), "failed to decrypt JWE token"],
    ["no iv", tokenOf("x", { iv: "" }), "failed to decrypt JWE token"],
    ["a part that is no base64", tokenOf("x", { ciphertext: "?" }), "failed to decrypt JWE token"],
    ["a text that is no header's", tokenOf("a\r\nX-Admin: 1"), "failed to decrypt JWE token"],
  ])("answers 400 to %s", async (_, made, message) => {
    const { seen, send } = await world();
    const answer = await send(await made);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message });
    expect(seen).toEqual([]);
  });

  it("answers nginx's 400 to two Authorization lines, and takes the first of another header", async () => {
    const { send } = await world();
    const token = await tokenOf("hello");
    expect((await send(`${token}, ${token}`)).status).toBe(400);
    const other = await world({ header: "X-Jwe" });
    const answer = await other.get("/r", { headers: { "x-jwe": `${token}, x` } });
    expect(answer.status).toBe(200);
  });

  it("takes no tag that was cut, however good its beginning", async () => {
    const { send } = await world();
    const { tag } = await parts("hello");
    for (const length of [4, 8, 12, 16, 20]) {
      expect((await send(await tokenOf("hello", { tag: tag.slice(0, length) }))).status).toBe(400);
    }
  });

  it.each([
    ["too short", SECRET.slice(1)],
    ["too long", `${SECRET}7`],
  ])("has no use for a secret that is %s", async (_, secret) => {
    const { send } = await world({}, { secret });
    expect((await send(await tokenOf("hello"))).status).toBe(400);
  });

  it("answers 403 to a request without a token, unless it is not strict", async () => {
    const strict = await world();
    const answer = await strict.get("/r");
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ message: "missing JWE token in request" });
    const loose = await world({ strict: false });
    expect((await loose.get("/r")).status).toBe(200);
    expect((await loose.send("x")).status).toBe(400);
  });
});
