import { describe, expect, it } from "vitest";
import { locationOf } from "../../../support/browser.ts";
import { anOidcWorld } from "../../../support/oidc-world.ts";

const OUT = { logout_path: "/r/logout" };

describe("openid-connect, when a user signs out", () => {
  it("forgets him, and has the provider do the same", async () => {
    const { browser, signIn } = await anOidcWorld({
      ...OUT,
      post_logout_redirect_uri: "https://shop.test/bye?x=1",
    });
    await signIn(browser);
    const answer = await browser.get("/r/logout?from=menu");
    expect(answer.status).toBe(302);
    const { origin, pathname, searchParams } = new URL(locationOf(answer));
    expect(origin + pathname).toBe("https://idp.test/end-session");
    expect(searchParams.get("post_logout_redirect_uri")).toBe("https://shop.test/bye?x=1");
    expect(searchParams.get("id_token_hint")).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(browser.cookies.size).toBe(0);
    expect((await browser.get("/r")).status).toBe(302);
  });

  it.each([
    [{ post_logout_redirect_uri: "https://shop.test/bye" }, 302, "https://shop.test/bye", ""],
    [{}, 200, null, "<html><body>Logged Out</body></html>\n"],
  ])("%j, and the provider has no such page: %i", async (change, status, location, body) => {
    const { browser, provider, signIn } = await anOidcWorld({ ...OUT, ...change });
    provider.behaviour.metadata = { end_session_endpoint: undefined };
    await signIn(browser);
    const answer = await browser.get("/r/logout");
    expect([answer.status, answer.headers.get("location")]).toEqual([status, location]);
    if (status === 200) {
      expect(await answer.text()).toBe(body);
      expect(answer.headers.get("content-type")).toBe("text/html");
    }
    expect(browser.cookies.size).toBe(0);
  });

  it("sends one who was not signed in to the provider's page all the same", async () => {
    const { browser } = await anOidcWorld(OUT);
    expect(locationOf(await browser.get("/r/logout"))).toBe("https://idp.test/end-session");
  });

  it("answers 503 while the provider cannot be asked, and keeps the session", async () => {
    const { browserOf, provider } = await anOidcWorld(OUT);
    provider.behaviour.isDown = true;
    expect((await browserOf().get("/r/logout")).status).toBe(503);
  });

  it("has the tokens revoked, the refresh token first", async () => {
    const { browser, provider, signIn } = await anOidcWorld({
      ...OUT,
      revoke_tokens_on_logout: true,
    });
    await signIn(browser);
    provider.asked.length = 0;
    expect((await browser.get("/r/logout")).status).toBe(302);
    expect(provider.asked.map(({ what, form }) => [what, form.get("token_type_hint")])).toEqual([
      ["POST /revoke", "refresh_token"],
      ["POST /revoke", "access_token"],
    ]);
  });

  it("signs him out also where they cannot be revoked", async () => {
    const { browser, log, provider, signIn } = await anOidcWorld({
      ...OUT,
      revoke_tokens_on_logout: true,
    });
    await signIn(browser);
    provider.behaviour.isDown = true;
    expect((await browser.get("/r/logout")).status).toBe(302);
    expect(browser.cookies.size).toBe(0);
    expect(log.join()).toContain("did not revoke the refresh_token");
  });
});
