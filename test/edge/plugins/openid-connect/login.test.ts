import { describe, expect, it } from "vitest";
import { locationOf } from "../../../support/browser.ts";
import { CLIENT, SUBJECT } from "../../../support/identity-provider.ts";
import { anOidcWorld, told } from "../../../support/oidc-world.ts";

const PATH = "/r/page?a=1";

describe("openid-connect sends a browser to sign in", () => {
  it("with what the provider has to know, and nothing to keep", async () => {
    const { browser } = await anOidcWorld({ scope: "openid email" });
    const answer = await browser.get(PATH);
    expect(answer.status).toBe(302);
    expect(answer.headers.get("cache-control")).toBe("no-cache, no-store, max-age=0");
    const { origin, pathname, searchParams } = new URL(locationOf(answer));
    expect(origin + pathname).toBe("https://idp.test/authorize");
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: CLIENT.id,
      response_type: "code",
      scope: "openid email",
      redirect_uri: "http://edge.test/r/page/.apisix/redirect",
      state: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it("with a nonce and PKCE where the configuration says so", async () => {
    const { browser } = await anOidcWorld({ use_nonce: true, use_pkce: true });
    const { searchParams } = new URL(locationOf(await browser.get(PATH)));
    expect(searchParams.get("nonce")).toMatch(/^[0-9a-f]{32}$/);
    expect(searchParams.get("code_challenge_method")).toBe("S256");
    expect(searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/);
  });

  it("with PKCE also where the provider says that it knows it", async () => {
    const { browser, provider, signIn } = await anOidcWorld();
    provider.behaviour.metadata = { code_challenge_methods_supported: ["plain", "S256"] };
    expect((await signIn(browser)).status).toBe(302);
    const redeemed = provider.asked.find(({ what }) => what === "POST /token");
    expect(redeemed?.form.get("code_verifier")).toMatch(/^[\w-]{43}$/);
  });

  it("with parameters of the configuration, which cannot undo what guards the flow", async () => {
    const { browser } = await anOidcWorld({
      authorization_params: {
        ui_locales: "de",
        max_age: 5,
        state: "known",
        redirect_uri: "http://x",
      },
    });
    const { searchParams } = new URL(locationOf(await browser.get(PATH)));
    expect(searchParams.get("ui_locales")).toBe("de");
    expect(searchParams.get("max_age")).toBe("5");
    expect(searchParams.get("state")).not.toBe("known");
    expect(searchParams.get("redirect_uri")).toMatch(/^http:\/\/edge\.test/);
  });

  it.each([
    [undefined, "/r/", "http://edge.test/r/.apisix/redirect"],
    [undefined, "/r/a%20b", "http://edge.test/r/a%20b/.apisix/redirect"],
    [undefined, "/r/a%3Fb%25%ff?c", "http://edge.test/r/a%3Fb%25%ff/.apisix/redirect"],
    ["/r/back", "/r/x", "http://edge.test/r/back"],
    ["https://shop.test/r/back", "/r/x", "https://shop.test/r/back"],
  ])("redirect_uri %s, asked for %s: back to %s", async (redirect_uri, path, expected) => {
    const { browser } = await anOidcWorld({ redirect_uri });
    const { searchParams } = new URL(locationOf(await browser.get(path)));
    expect(searchParams.get("redirect_uri")).toBe(expected);
  });

  it("to the host and scheme that it came by", async () => {
    const { browserOf } = await anOidcWorld();
    const browser = browserOf({ host: "shop.test:8443", scheme: "https" });
    const { searchParams } = new URL(locationOf(await browser.get("/r/x")));
    expect(searchParams.get("redirect_uri")).toBe("https://shop.test:8443/r/x/.apisix/redirect");
  });
});

describe("openid-connect, once a user has signed in", () => {
  it("leads back to what was asked for, and tells the upstream who it is", async () => {
    const { browser, provider, seen, signIn } = await anOidcWorld({
      use_nonce: true,
      use_pkce: true,
      set_refresh_token_header: true,
    });
    const back = await signIn(browser);
    expect([back.status, back.headers.get("location")]).toEqual([302, PATH]);
    expect(seen).toEqual([]);
    expect((await browser.get(PATH)).status).toBe(200);
    const headers = seen[0]?.headers;
    expect(headers?.get("x-access-token")).toMatch(/^access-\d+$/);
    expect(headers?.get("x-refresh-token")).toMatch(/^refresh-\d+$/);
    expect(headers?.get("authorization")).toBeNull();
    expect(told(headers?.get("x-userinfo"))).toEqual({ sub: SUBJECT, name: "Zoë" });
    expect(told(headers?.get("x-id-token"))).toMatchObject({ sub: SUBJECT, iss: provider.issuer });
    expect(seen[0]?.target).toBe(PATH);
  });

  it("hides its cookies from the upstream, and no others", async () => {
    const { browser, seen, signIn } = await anOidcWorld();
    browser.cookies.set("theme", "dark");
    await signIn(browser);
    browser.cookies.set("session", "theirs");
    await browser.get(PATH);
    expect(seen[0]?.headers.get("cookie")).toBe("theme=dark; session=theirs");
  });

  it("asks the provider no more, from request to request", async () => {
    const { asked, browser, signIn } = await anOidcWorld();
    await signIn(browser);
    expect(asked()).toEqual([
      "GET /.well-known/openid-configuration",
      "POST /token",
      "GET /jwks",
      "GET /userinfo",
    ]);
    await browser.get(PATH);
    await browser.get("/r/other");
    expect(asked()).toEqual([]);
  });

  it.each([
    [{ set_access_token_header: false }, "x-access-token"],
    [{ set_id_token_header: false }, "x-id-token"],
    [{ set_userinfo_header: false }, "x-userinfo"],
    [{}, "x-refresh-token"],
  ])("%o: no %s", async (change, name) => {
    const { browser, seen, signIn } = await anOidcWorld(change);
    await signIn(browser);
    await browser.get(PATH);
    expect(seen[0]?.headers.get(name)).toBeNull();
  });

  it("puts the access token into Authorization where it is wanted there", async () => {
    const { browser, seen, signIn } = await anOidcWorld({
      access_token_in_authorization_header: true,
    });
    await signIn(browser);
    await browser.get(PATH);
    expect(seen[0]?.headers.get("authorization")).toMatch(/^Bearer access-\d+$/);
    expect(seen[0]?.headers.get("x-access-token")).toBeNull();
  });

  it("leaves out a userinfo that is someone else's, or cannot be had", async () => {
    const { browser, log, provider, seen, signIn } = await anOidcWorld();
    provider.behaviour.userinfo = { sub: "user-2", name: "Mallory" };
    expect((await signIn(browser)).status).toBe(302);
    await browser.get(PATH);
    expect(seen[0]?.headers.get("x-userinfo")).toBeNull();
    expect(log.join()).toContain("another sub");
  });

  it("holds claim_schema against what was told", async () => {
    const claim_schema = {
      type: "object",
      properties: { user: { type: "object", required: ["email"] } },
      required: ["user"],
    };
    const { browser, browserOf, provider, signIn, seen } = await anOidcWorld({ claim_schema });
    await signIn(browser);
    const answer = await browser.get(PATH);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(
      /^Bearer realm="apisix", error="invalid_token", error_description=".*email.*"$/,
    );
    provider.behaviour.userinfo = { sub: SUBJECT, email: "z@shop.test" };
    const other = browserOf();
    await signIn(other);
    expect((await other.get(PATH)).status).toBe(200);
    expect(told(seen[0]?.headers.get("x-userinfo"))).toEqual(provider.behaviour.userinfo);
  });

  it("never lets a client say what it says itself", async () => {
    const { get, seen } = await anOidcWorld({ unauth_action: "pass" });
    const names = [
      "X-Access-Token",
      "X-Userinfo",
      "X-ID-Token",
      "X-Refresh-Token",
      "X-Raw-ID-Token",
    ];
    const headers = Object.fromEntries(names.map((name) => [name, "forged"]));
    expect((await get("/r", { headers })).status).toBe(200);
    expect(names.map((name) => seen[0]?.headers.get(name))).toEqual(names.map(() => null));
  });
});

describe("openid-connect finishes a login of any path", () => {
  it.each(["/r/", "/r/a%20b/", "/r/a%3Fb%25%ff?c=%ff", "/r/%C3%A9", `/r/${"x".repeat(1_900)}`])(
    "%s",
    async (path) => {
      const { browser, signIn } = await anOidcWorld();
      expect((await signIn(browser, path)).headers.get("location")).toBe(path);
    },
  );

  it("without its query where that is too long to be remembered", async () => {
    const { browser, signIn } = await anOidcWorld();
    const answer = await signIn(browser, `/r/x?${"y".repeat(3_000)}`);
    expect(answer.headers.get("location")).toBe("/r/x");
  });
});

describe("openid-connect, where nobody has signed in", () => {
  it("denies", async () => {
    const { get, seen } = await anOidcWorld({ unauth_action: "deny" });
    const answer = await get("/r");
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain("401 Authorization Required");
    expect(seen).toEqual([]);
  });

  it("lets pass, without a word of a user", async () => {
    const { get, seen } = await anOidcWorld({ unauth_action: "pass" });
    expect((await get("/r")).status).toBe(200);
    expect(seen[0]?.headers.get("x-userinfo")).toBeNull();
  });

  it("answers 500 while the provider is down, and asks it again a while later", async () => {
    const { asked, browser, clock, log, provider } = await anOidcWorld();
    provider.behaviour.isDown = true;
    expect((await browser.get(PATH)).status).toBe(500);
    expect((await browser.get(PATH)).status).toBe(500);
    expect(asked()).toEqual(["GET /.well-known/openid-configuration"]);
    expect(log[0]).toContain("openid-connect of routes/r: https://idp.test/.well-known");
    provider.behaviour.isDown = false;
    clock.now += 5_000;
    expect((await browser.get(PATH)).status).toBe(302);
  });

  it("starts over each time where force_reauthorize says so", async () => {
    const { browser, signIn } = await anOidcWorld({ force_reauthorize: true });
    expect((await signIn(browser)).status).toBe(302);
    expect((await browser.get(PATH)).status).toBe(302);
  });
});
