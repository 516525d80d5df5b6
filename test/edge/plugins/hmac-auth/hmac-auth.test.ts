import { describe, expect, it } from "vitest";
import { jack, roseAndAnon, together, toldOf } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { type Signing, signatureHeader as signed } from "../../../support/signature-header.ts";

const CONSUMERS = together(
  jack({ "hmac-auth": { key_id: "k-jack", secret_key: "s-jack" } }),
  roseAndAnon({ "hmac-auth": { key_id: "k-rose", secret_key: "s-rösé" } }),
);
/** The world's clock stands at it. */
const NOW = 1_700_000_000_000;
const DATE = new Date(NOW).toUTCString();
const UTF8 = new TextEncoder();

async function world(configuration: object = {}) {
  const opened = aPluginWorld();
  await opened.serve({ "hmac-auth": configuration }, CONSUMERS);
  const send = (authorization: string, init: RequestInit & { readonly path?: string } = {}) => {
    const { path = "/r", headers, ...rest } = init;
    const all = { date: DATE, authorization, ...(headers as Record<string, string>) };
    return opened.get(path, { ...rest, headers: all });
  };
  return { ...opened, send };
}

const LINES = ["GET /r", `date: ${DATE}`];
const INVALID = { message: "client request can't be validated" };

describe("hmac-auth", () => {
  it.each(["hmac-sha1", "hmac-sha256", "hmac-sha512"])("lets in who signs by %s", async (name) => {
    const { seen, send } = await world();
    expect((await send(await signed({ algorithm: name, lines: LINES }))).status).toBe(200);
    expect(toldOf(seen[0]?.headers)["x-consumer-username"]).toBe("jack");
  });

  it("lets in a credential with a secret beyond ASCII", async () => {
    const { seen, send } = await world();
    const rose = { keyId: "k-rose", secret: "s-rösé" };
    expect((await send(await signed({ ...rose, lines: LINES }))).status).toBe(200);
    expect(toldOf(seen[0]?.headers)).toEqual({
      "x-consumer-username": "rose",
      "x-credential-identifier": "c1",
      "x-consumer-custom-id": "r9",
    });
  });

  it("takes method, decoded path and raw query for the request's target", async () => {
    const { send } = await world();
    const lines = ["POST /r/a b?b=%20&a=1", `date: ${DATE}`];
    const init = { path: "/r/a%20b?b=%20&a=1", method: "POST", body: "x" };
    expect((await send(await signed({ lines }), init)).status).toBe(200);
    expect((await send(await signed({ lines }), { ...init, method: "PUT" })).status).toBe(401);
    expect((await send(await signed({ lines }), { ...init, path: "/r/a" })).status).toBe(401);
  });

  it("takes headers in the client's order and spelling, and leaves out those that are missing", async () => {
    const { send } = await world();
    const names = "X-Custom date x-none @request-target";
    const lines = ["X-Custom: c 1", `date: ${DATE}`, "GET /r"];
    const authorization = await signed({ names, lines });
    expect((await send(authorization, { headers: { "x-custom": "c 1" } })).status).toBe(200);
    expect((await send(authorization, { headers: { "x-custom": "c 2" } })).status).toBe(401);
    expect((await send(authorization)).status).toBe(401);
    const added = { "x-custom": "c 1", "x-none": "added on the way" };
    expect((await send(authorization, { headers: added })).status).toBe(401);
  });

  it("leaves out names that no header can have", async () => {
    const { send } = await world();
    const names = "date a(b @request-target";
    expect((await send(await signed({ names, lines: LINES.toReversed() }))).status).toBe(200);
  });

  it("holds a signature over all lines of a header, not the first alone", async () => {
    const { send } = await world();
    const names = "date x-custom";
    const lines = [`date: ${DATE}`, "x-custom: one"];
    const authorization = await signed({ names, lines });
    expect((await send(authorization, { headers: { "x-custom": "one, two" } })).status).toBe(401);
  });

  it.each<[string, Partial<Signing>]>([
    ["an unknown key", { keyId: "k-none" }],
    ["another secret", { secret: "s-jac" }],
    ["an algorithm that is none", { algorithm: "hmac-sha384" }],
    ["a date that is not listed", { names: "@request-target", lines: ["GET /r"] }],
    [
      "a date listed in another spelling",
      { names: "@request-target Date", lines: ["GET /r", `Date: ${DATE}`] },
    ],
    ["another order than it lists", { names: "date @request-target" }],
  ])("answers 401 to %s", async (_, change) => {
    const { seen, send } = await world();
    const answer = await send(await signed({ lines: LINES, ...change }));
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('hmac realm="hmac"');
    expect(await answer.json()).toEqual(INVALID);
    expect(seen).toEqual([]);
  });

  it.each<[string, (good: string) => string]>([
    ["no signature", (good) => good.replace(/,signature=.*/, "")],
    ["an empty signature", (good) => good.replace(/signature=.*/, 'signature=""')],
    ["a cut signature", (good) => good.replace(/.{4}"$/, '"')],
    ["a signature that is no base64", (good) => good.replace(/signature=.*/, 'signature="?"')],
    ["no algorithm", (good) => good.replace(/algorithm="[^"]*",/, "")],
    ["a key's id in another case", (good) => good.replace("keyId", "keyid")],
    ["another algorithm than it signed by", (good) => good.replace("sha256", "sha1")],
  ])("answers 401 to %s", async (_, spoilt) => {
    const { send } = await world();
    const answer = await send(spoilt(await signed({ lines: LINES })));
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual(INVALID);
  });

  it("says what is wrong with a header of another scheme, or with none", async () => {
    const { get, send } = await world();
    const good = await signed({ lines: LINES });
    const messages = [await get("/r"), await send("Bearer x"), await send(good.replace("S", "s"))];
    expect(await Promise.all(messages.map((answer) => answer.json()))).toEqual(
      [
        "missing Authorization header",
        "Authorization header does not start with 'Signature'",
        "Authorization header does not start with 'Signature'",
      ].map((what) => ({ message: `client request can't be validated: ${what}` })),
    );
  });

  it("answers nginx's 400 to two Authorization lines, but takes spaces between fields", async () => {
    const { send } = await world();
    const good = await signed({ lines: LINES });
    expect((await send(good.replaceAll('",', '", '))).status).toBe(200);
    expect((await send(`${good}, ${good}`)).status).toBe(400);
    expect((await send(`${good}, Bearer x`)).status).toBe(400);
  });

  it.each<[number, number]>([
    [0, 200],
    [300, 200],
    [301, 401],
    [-300, 200],
    [-301, 401],
  ])("answers a request signed %i seconds ago with %i", async (age, status) => {
    const { clock, send } = await world();
    const authorization = await signed({ lines: LINES });
    clock.now += age * 1000;
    expect((await send(authorization)).status).toBe(status);
  });

  it.each(["not a date", "2023-11-14T22:13:20Z", "", "1700000000"])(
    "has no use for the date %j",
    async (date) => {
      const { send } = await world({ clock_skew: 2_000_000_000 });
      const lines = ["GET /r", `date: ${date}`];
      expect((await send(await signed({ lines }), { headers: { date } })).status).toBe(401);
    },
  );

  it("takes X-Date for a date that is missing, but only where it is signed", async () => {
    const { get } = await world();
    const sent = async (names: string, lines: readonly string[], date = DATE) => {
      const authorization = await signed({ names, lines });
      return (await get("/r", { headers: { authorization, "x-date": date } })).status;
    };
    expect(await sent("date x-date", [`x-date: ${DATE}`])).toBe(200);
    expect(await sent("date X-Date", [`X-Date: ${DATE}`])).toBe(200);
    expect(await sent("date @request-target", ["GET /r"])).toBe(401);
    expect(await sent("date x-date", [`x-date: ${DATE}`], "Thu, 22 Jan 2026 10:00:00 GMT")).toBe(
      401,
    );
  });

  it("holds clients to the headers and algorithms of the route", async () => {
    const { send } = await world({
      signed_headers: ["date", "x-custom"],
      allowed_algorithms: ["hmac-sha512"],
    });
    const custom = { names: "date x-custom", lines: [`date: ${DATE}`, "x-custom: 1"] };
    const headers = { "x-custom": "1" };
    const strong = { algorithm: "hmac-sha512" };
    expect((await send(await signed({ ...custom, ...strong }), { headers })).status).toBe(200);
    expect((await send(await signed(custom), { headers })).status).toBe(401);
    expect((await send(await signed({ lines: LINES, ...strong }), { headers })).status).toBe(401);
  });

  it("hides what it was given, and serves others as the anonymous consumer", async () => {
    const { seen, send } = await world({ hide_credentials: true, anonymous_consumer: "anon" });
    await send(await signed({ lines: LINES }));
    await send(await signed({ lines: LINES, secret: "wrong" }));
    expect(seen.map(({ headers }) => headers.get("authorization"))).toEqual([null, null]);
    expect(seen.map(({ headers }) => headers.get("x-consumer-username"))).toEqual(["jack", "anon"]);
  });
});

describe("hmac-auth that validates the body", () => {
  const lines = ["POST /r", `date: ${DATE}`];
  const digestOf = async (body: string) => {
    const digest = await crypto.subtle.digest("SHA-256", UTF8.encode(body));
    return `SHA-256=${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
  };
  const post = (body: string | null, digest?: string): RequestInit => ({
    method: "POST",
    body,
    ...(digest === undefined ? {} : { headers: { digest } }),
  });

  it("lets in what the digest is of, whole, and nothing else", async () => {
    const { seen, send } = await world({ validate_request_body: true });
    const authorization = await signed({ lines });
    const statusOf = async (init: RequestInit) => (await send(authorization, init)).status;
    expect(await statusOf(post('{"a":1}', await digestOf('{"a":1}')))).toBe(200);
    expect(await statusOf(post(null, await digestOf("")))).toBe(200);
    expect(await statusOf(post('{"a":2}', await digestOf('{"a":1}')))).toBe(401);
    expect(await statusOf(post("x", "SHA-256=bad"))).toBe(401);
    expect(await statusOf(post("x"))).toBe(401);
    expect(seen.map(({ body }) => body)).toEqual(['{"a":1}', ""]);
  });

  it("answers 413 to one that is too long, anonymous or not", async () => {
    const { send } = await world({
      validate_request_body: true,
      max_req_body_size: 4,
      anonymous_consumer: "anon",
    });
    const authorization = await signed({ lines });
    const init = async (body: string) => post(body, await digestOf(body));
    expect((await send(authorization, await init("1234"))).status).toBe(200);
    const answer = await send(authorization, await init("12345"));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual({ message: expect.stringContaining("4 bytes") });
  });
});
