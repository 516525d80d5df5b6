import { generateKeyPair } from "jose";
import { describe, expect, it } from "vitest";
import { CLIENT, SUBJECT } from "../../../support/identity-provider.ts";
import { anOidcWorld, told } from "../../../support/oidc-world.ts";

const NOW = 1_700_000_000;
const BEARER = { bearer_only: true, use_jwks: true, session: undefined };

const failure = (description: string) =>
  `Bearer realm="apisix", error="invalid_token", error_description="${description}"`;

/** A header and claims as they are, with a signature that is none. */
function unsigned(header: object, claims: object = {}, signature = ""): string {
  const part = (value: object) =>
    btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  const usual = { iss: "https://idp.test", sub: SUBJECT, exp: NOW + 300 };
  return `${part(header)}.${part({ ...usual, ...claims })}.${signature}`;
}

describe("openid-connect with bearer_only", () => {
  it("lets a good token in, and tells the upstream what is in it", async () => {
    const { bearer, provider, seen } = await anOidcWorld(BEARER);
    const token = await provider.sign({ scope: "read" });
    expect((await bearer(token)).status).toBe(200);
    const headers = seen[0]?.headers;
    expect(headers?.get("x-access-token")).toBe(token);
    expect(headers?.get("authorization")).toBe(`Bearer ${token}`);
    expect(told(headers?.get("x-userinfo"))).toMatchObject({ sub: SUBJECT, scope: "read" });
  });

  it.each([
    ["X-Access-Token", ""],
    ["Authorization", "BEARER "],
    ["Authorization", "bearer "],
  ])("takes it from %s %j", async (name, scheme) => {
    const { get, provider } = await anOidcWorld(BEARER);
    const headers = { [name]: scheme + (await provider.sign()) };
    expect((await get("/r", { headers })).status).toBe(200);
  });

  it("asks for a token where there is none", async () => {
    const { asked, get, seen } = await anOidcWorld({ ...BEARER, realm: "shop" });
    const answer = await get("/r");
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
      401,
      'Bearer realm="shop"',
    ]);
    expect(await answer.text()).toContain("401 Authorization Required");
    const basic = await get("/r", { headers: { authorization: "Basic eDp5" } });
    expect(basic.status).toBe(401);
    const malformed = await get("/r", { headers: { authorization: "token" } });
    expect(malformed.status).toBe(400);
    const twice = new Headers({ authorization: "Bearer a" });
    twice.append("authorization", "Bearer b");
    expect((await get("/r", { headers: twice })).status).toBe(400);
    expect(seen).toEqual([]);
    expect(asked()).toEqual([]);
  });

  it.each([
    ["no JWT", "abc", "invalid jwt"],
    ["four parts", "a.b.c.d", "invalid jwt"],
    [
      "one that is not signed",
      unsigned({ alg: "none" }),
      "token uses .none. alg but accept_none_alg is not enabled",
    ],
    [
      "none in other letters",
      unsigned({ alg: "nOnE" }),
      "token is signed by unexpected algorithm .nOnE.",
    ],
    [
      "an unknown algorithm",
      unsigned({ alg: 'XX"\r\n256' }, {}, "AA"),
      "token is signed by unexpected algorithm .XX256.",
    ],
    [
      "a foreign signature",
      unsigned({ alg: "ES256", kid: "key-1" }, {}, "AAAA"),
      "jwt signature verification failed",
    ],
    [
      "unknown critical extensions",
      unsigned({ alg: "ES256", kid: "key-1", crit: ["x"], x: 1 }, {}, "AAAA"),
      "jwt signature verification failed",
    ],
  ])("refuses %s", async (_what, token, description) => {
    const { bearer, seen } = await anOidcWorld(BEARER);
    const answer = await bearer(token);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(new RegExp(failure(description)));
    expect(seen).toEqual([]);
  });

  it.each([
    ["is over", { exp: NOW }, "JWT expired"],
    ["has no number for its expiry", { exp: "never" as never }, "JWT expired"],
    ["is not valid yet", { nbf: NOW + 121 }, "JWT is not valid yet"],
    ["is of another issuer", { iss: "https://evil.test" }, "Claim 'iss' is not valid"],
    ["is of no issuer", { iss: undefined as never }, "Claim 'iss' is not valid"],
  ])("refuses one that %s", async (_what, claims, description) => {
    const { bearer, provider } = await anOidcWorld(BEARER);
    const answer = await bearer(await provider.sign(claims));
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe(failure(description));
  });

  it("takes a token of an issuer that the configuration names, and no other", async () => {
    const claim_validator = { issuer: { valid_issuers: ["https://a.test", "https://b.test"] } };
    const { bearer, provider } = await anOidcWorld({ ...BEARER, claim_validator });
    expect((await bearer(await provider.sign({ iss: "https://b.test" }))).status).toBe(200);
    expect((await bearer(await provider.sign())).status).toBe(401);
  });

  it("holds a token to the one algorithm that is expected", async () => {
    const { bearer, provider } = await anOidcWorld({
      ...BEARER,
      token_signing_alg_values_expected: "RS256",
    });
    const answer = await bearer(await provider.sign());
    expect(answer.headers.get("www-authenticate")).toBe(
      failure("token is signed by unexpected algorithm 'ES256'"),
    );
  });
});

describe("openid-connect with a public key", () => {
  /** A world whose key stands in the configuration. */
  async function keyed(alg: "RS256" | "ES256" | "EdDSA", change: object = {}) {
    const world = await anOidcWorld(BEARER, { alg });
    const public_key = await world.provider.publicKey();
    await world.serve(world.plugin({ use_jwks: false, public_key, ...change }));
    return { ...world, public_key };
  }

  it.each(["RS256", "ES256", "EdDSA"] as const)("verifies %s without a key set", async (alg) => {
    const { asked, bearer, provider } = await keyed(alg);
    expect((await bearer(await provider.sign())).status).toBe(200);
    expect(asked()).toEqual(["GET /.well-known/openid-configuration"]);
  });

  it("never takes the public key for a secret: everybody knows it", async () => {
    const { bearer, provider, public_key } = await keyed("RS256");
    for (const text of [public_key, public_key.trim(), `${public_key}\n`]) {
      const token = await provider.sign({}, { alg: "HS256", key: new TextEncoder().encode(text) });
      expect((await bearer(token)).status).toBe(401);
    }
    const bySecret = { alg: "HS256", key: new TextEncoder().encode(CLIENT.secret) };
    expect((await bearer(await provider.sign({}, bySecret))).status).toBe(401);
  });

  it("takes no other key's signature", async () => {
    const { bearer, provider } = await keyed("RS256");
    const { privateKey } = await generateKeyPair("RS256");
    expect((await bearer(await provider.sign({}, { key: privateKey }))).status).toBe(401);
  });

  it("lets any issuer be where the provider cannot be asked, as APISIX does", async () => {
    const { bearer, log, provider } = await keyed("ES256");
    provider.behaviour.isDown = true;
    expect((await bearer(await provider.sign({ iss: "https://x.test" }))).status).toBe(200);
    expect(log.join()).toContain("the issuer of a bearer token is not checked");
  });
});

describe("openid-connect with the provider's key set", () => {
  it("reads it once, and again when a key is not in it, but not for everyone who makes up a name", async () => {
    const { asked, bearer, clock, provider } = await anOidcWorld(BEARER);
    await bearer(await provider.sign());
    expect(asked()).toEqual(["GET /jwks", "GET /.well-known/openid-configuration"].reverse());
    for (let i = 0; i < 20; i++) await bearer(await provider.sign({}, { kid: `made-up-${i}` }));
    expect(asked()).toEqual([]);
    clock.now += 30_000;
    for (let i = 0; i < 20; i++) await bearer(await provider.sign({}, { kid: `made-up-${i}` }));
    expect(asked()).toEqual(["GET /jwks"]);
    await provider.rotate();
    clock.now += 30_000;
    expect((await bearer(await provider.sign())).status).toBe(200);
    expect(asked()).toEqual(["GET /jwks"]);
  });

  it("forgets an old key when the set is read anew, and reads it anew in time", async () => {
    const { bearer, clock, provider } = await anOidcWorld({ ...BEARER, jwk_expires_in: 600 });
    const old = await provider.sign({ exp: NOW + 10_000 });
    expect((await bearer(old)).status).toBe(200);
    await provider.rotate();
    expect((await bearer(old)).status).toBe(200);
    clock.now += 600_000;
    expect((await bearer(old)).status).toBe(401);
  });

  it("tries all keys for a token that names none", async () => {
    const { bearer, provider } = await anOidcWorld(BEARER);
    expect((await bearer(await provider.sign({}, { kid: undefined }))).status).toBe(200);
  });

  it("refuses while the provider is down, and tells no one where it lies", async () => {
    const { bearer, log, provider } = await anOidcWorld(BEARER);
    provider.behaviour.isDown = true;
    const answer = await bearer(await provider.sign());
    expect(answer.headers.get("www-authenticate")).toBe(
      failure("the identity provider cannot be asked"),
    );
    expect(log.join()).toContain("connection refused");
  });

  it("goes on with what it knows of a provider that is down for a while", async () => {
    const { bearer, clock, provider } = await anOidcWorld(BEARER);
    const token = await provider.sign({ exp: NOW + 100_000 });
    await bearer(token);
    provider.behaviour.isDown = true;
    clock.now += 7_200_000;
    expect((await bearer(token)).status).toBe(200);
    clock.now += 86_400_000;
    expect((await bearer(token)).status).toBe(401);
  });

  it("asks once for many requests at a time", async () => {
    const { asked, bearer, provider } = await anOidcWorld(BEARER);
    const token = await provider.sign();
    const answers = await Promise.all([1, 2, 3, 4].map(() => bearer(token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(asked().length).toBe(2);
  });
});

describe("openid-connect, what a token may do", () => {
  it.each([
    [undefined, 403],
    ["read", 403],
    ["read write admin", 200],
    ["readwrite", 403],
    [["read", "write"], 200],
  ])("the scope %j with read and write required: %i", async (scope, status) => {
    const { bearer, provider } = await anOidcWorld({
      ...BEARER,
      required_scopes: ["read", "write"],
    });
    const answer = await bearer(await provider.sign({ scope }));
    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(await answer.text()).toBe('{"error":"required scopes read, write not present"}');
    }
  });

  it.each([
    [{ required: true }, {}, 200, ""],
    [{ required: true, claim: "audience" }, {}, 403, "required audience claim not present"],
    [
      { match_with_client_id: true },
      { aud: undefined },
      403,
      "required audience claim not present",
    ],
    [{ match_with_client_id: true }, { aud: "other" }, 403, "mismatched audience"],
    [{ match_with_client_id: true }, { aud: ["other", "shop2"] }, 403, "mismatched audience"],
    [{ match_with_client_id: true }, { aud: ["other", CLIENT.id] }, 200, ""],
    [{ match_with_client_id: true, claim: "azp" }, { azp: CLIENT.id }, 200, ""],
    [{ claim: "aud" }, { aud: "other" }, 200, ""],
  ])("claim_validator.audience %j, claims %j: %i %s", async (audience, claims, status, error) => {
    const claim_validator = { audience };
    const { bearer, provider } = await anOidcWorld({ ...BEARER, claim_validator });
    const answer = await bearer(await provider.sign(claims as never));
    expect(answer.status).toBe(status);
    if (status === 403) expect(await answer.text()).toBe(JSON.stringify({ error }));
  });

  it("claim_schema is held against the claims, which stay as they are", async () => {
    const claim_schema = {
      type: "object",
      properties: { email: { type: "string" }, tenant: { type: "string", default: "none" } },
      required: ["email"],
    };
    const { bearer, provider, seen } = await anOidcWorld({ ...BEARER, claim_schema });
    const refused = await bearer(await provider.sign());
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toMatch(/error_description=".*'?email'?.*"$/);
    expect((await bearer(await provider.sign({ email: "a@b.test" }))).status).toBe(200);
    expect(told(seen[0]?.headers.get("x-userinfo"))).not.toHaveProperty("tenant");
  });
});

describe("openid-connect with bearer tokens and sessions", () => {
  it("takes either, and sends to sign in who has neither", async () => {
    const { bearer, browser, get, provider, signIn } = await anOidcWorld({ use_jwks: true });
    expect((await bearer(await provider.sign())).status).toBe(200);
    expect((await bearer("wrong")).status).toBe(401);
    expect((await get("/r")).status).toBe(302);
    await signIn(browser);
    expect((await browser.get("/r")).status).toBe(200);
  });
});
