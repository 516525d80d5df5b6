import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { CLIENT } from "../../../support/identity-provider.ts";
import { anOidcWorld } from "../../../support/oidc-world.ts";

const PATH = "/r/page?a=1";

/** How the client proved itself at the token endpoint. */
async function proofOf(change: object, metadata: Record<string, unknown> = {}) {
  const world = await anOidcWorld(change);
  world.provider.behaviour.metadata = metadata;
  const answer = await world.signIn(world.browser);
  const asked = world.provider.asked.find(({ what }) => what === "POST /token");
  if (!asked) throw new Error("no tokens were asked for");
  return { status: answer.status, ...asked };
}

describe("openid-connect as a client of its provider", () => {
  it("proves itself by Basic, with what is special escaped", async () => {
    const { form, headers, status } = await proofOf({});
    expect(status).toBe(302);
    expect(headers.get("authorization")).toBe(`Basic ${btoa("shop:s3cret%3A%20of%20a%20shop")}`);
    expect(form.has("client_secret")).toBe(false);
  });

  it("proves itself in the form", async () => {
    const { form, headers } = await proofOf({ token_endpoint_auth_method: "client_secret_post" });
    expect([form.get("client_id"), form.get("client_secret")]).toEqual([CLIENT.id, CLIENT.secret]);
    expect(headers.get("authorization")).toBeNull();
  });

  it("names itself where it has no secret", async () => {
    const { form, headers, status } = await proofOf({ client_secret: undefined, use_pkce: true });
    expect(status).toBe(302);
    expect(form.get("client_id")).toBe(CLIENT.id);
    expect(headers.get("authorization")).toBeNull();
  });

  it("takes the first method that the provider knows, where it does not know the configured one", async () => {
    const { form } = await proofOf(
      {},
      {
        token_endpoint_auth_methods_supported: [
          "tls_client_auth",
          "private_key_jwt",
          "client_secret_post",
        ],
      },
    );
    expect(form.get("client_secret")).toBe(CLIENT.secret);
  });

  it("proves itself by a JWT under its secret", async () => {
    const { form, status } = await proofOf({ token_endpoint_auth_method: "client_secret_jwt" });
    expect(status).toBe(302);
    const key = new TextEncoder().encode(CLIENT.secret);
    const { payload } = await jwtVerify(form.get("client_assertion") ?? "", key, {
      currentDate: new Date(1_700_000_000_000),
      audience: "https://idp.test/token",
      subject: CLIENT.id,
      issuer: CLIENT.id,
    });
    expect(payload.exp).toBe(1_700_000_060);
    expect(form.get("client_assertion_type")).toMatch(/jwt-bearer$/);
  });

  it.each([
    ["RS256", undefined],
    ["ES256", "ES256"],
    ["ES512", "ES512"],
  ])("proves itself by a JWT under its own key, %s", async (alg, client_jwt_assertion_alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const { form, status } = await proofOf({
      token_endpoint_auth_method: "private_key_jwt",
      client_rsa_private_key: await exportPKCS8(privateKey),
      client_rsa_private_key_id: "k1",
      client_jwt_assertion_alg,
      client_jwt_assertion_audience: "https://idp.test/realm",
    });
    expect(status).toBe(302);
    const { protectedHeader } = await jwtVerify(form.get("client_assertion") ?? "", publicKey, {
      currentDate: new Date(1_700_000_000_000),
      audience: "https://idp.test/realm",
    });
    expect(protectedHeader).toEqual({ alg, kid: "k1", typ: "JWT" });
  });

  it("reads a key as openssl wrote it before", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const { form } = await proofOf({
      token_endpoint_auth_method: "private_key_jwt",
      client_rsa_private_key: bareRsa(await exportPKCS8(privateKey)),
    });
    const currentDate = new Date(1_700_000_000_000);
    await jwtVerify(form.get("client_assertion") ?? "", publicKey, { currentDate });
  });
});

describe("openid-connect with DPoP", () => {
  async function bound(change: object = {}) {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const public_jwk = await exportJWK(publicKey);
    const private_key = await exportPKCS8(privateKey);
    const dpop = { enabled: true, private_key, public_jwk, ...change };
    return { publicKey, ...(await anOidcWorld({ dpop })) };
  }

  it("binds its tokens to its key, and shows it wherever it uses one", async () => {
    const { browser, provider, publicKey, signIn } = await bound();
    provider.behaviour.dpopNonce = "n-1";
    expect((await signIn(browser)).status).toBe(302);
    const asked = provider.asked.filter(({ headers }) => headers.has("dpop"));
    expect(asked.map(({ what }) => what)).toEqual(["POST /token", "POST /token", "GET /userinfo"]);
    const proofs = await Promise.all(
      asked.map(({ headers }) =>
        jwtVerify(headers.get("dpop") ?? "", publicKey, { typ: "dpop+jwt" }),
      ),
    );
    expect(proofs.map(({ payload }) => [payload.htm, payload.htu, payload.nonce])).toEqual([
      ["POST", "https://idp.test/token", undefined],
      ["POST", "https://idp.test/token", "n-1"],
      ["GET", "https://idp.test/userinfo", undefined],
    ]);
    expect(proofs[2]?.payload.ath).toMatch(/^[\w-]{43}$/);
    expect(new Set(proofs.map(({ payload }) => payload.jti)).size).toBe(3);
    expect(proofs[0]?.protectedHeader.jwk).not.toHaveProperty("d");
    expect(asked[2]?.headers.get("authorization")).toMatch(/^DPoP access-/);
  });
});

describe("openid-connect refuses", () => {
  it.each([
    ["no session", { session: undefined }, /session\.secret\\?" is required/],
    ["unsigned tokens", { accept_none_alg: true }, /accept_none_alg/],
    ["a proxy", { proxy_opts: { https_proxy: "http://p:80" } }, /proxy/],
    ["a discovery that is no URL", { discovery: "file:///etc/passwd" }, /discovery/],
    ["an introspection_endpoint that is none", { introspection_endpoint: "/x" }, /introspection/],
    ["an unknown introspection auth", { introspection_endpoint_auth_method: "none" }, /none of/],
    [
      "HS256 with public keys",
      { use_jwks: true, token_signing_alg_values_expected: "HS256" },
      /HS256/,
    ],
    [
      "a public_key that is none",
      { public_key: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" },
      /public_key/,
    ],
    ["a public_key without PEM", { public_key: "secret" }, /no PEM/],
    [
      "a private key that is none",
      { client_rsa_private_key: "x" },
      /client_rsa_private_key is no PEM/,
    ],
    ["a header that is none", { introspection_addon_headers: ["x y"] }, /x y is no header/],
    ["dpop without keys", { dpop: { enabled: true } }, /dpop needs/],
    [
      "a lifetime of nothing",
      { session: { secret: "0123456789abcdef", cookie: { lifetime: 0 } } },
      /lifetime/,
    ],
    ["a claim_schema that is none", { claim_schema: { type: "nothing" } }, /schema/],
  ])("%s: nobody passes, and the log says why", async (_what, change, reason) => {
    const { accessLog, get, log, seen } = await anOidcWorld(change);
    const answer = await get(PATH);
    expect(answer.status).toBe(503);
    expect(`${await answer.text()}${log.join()}${JSON.stringify(accessLog)}`).toMatch(reason);
    expect(seen).toEqual([]);
  });
});

/** PKCS #1 of what PKCS #8 wraps it in: version, algorithm and the octet string's head are 26 bytes. */
function bareRsa(pem: string): string {
  const der = atob(pem.replaceAll(/-----[^-]+-----|\s/g, ""));
  return `-----BEGIN RSA PRIVATE KEY-----\n${btoa(der.slice(26))}\n-----END RSA PRIVATE KEY-----`;
}
