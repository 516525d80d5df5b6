import { describe, expect, it } from "vitest";
import { locationOf } from "../../../support/browser.ts";
import { CLIENT } from "../../../support/identity-provider.ts";
import { anOidcWorld } from "../../../support/oidc-world.ts";
import { anUpstream, aRoute } from "../../../support/snapshots.ts";

const PATH = "/r/page?a=1";
const CALLBACK = "/r/page/.apisix/redirect";

/** A login under way: the browser's state, and where the provider sends it. */
async function begun(change: object = {}, provided: object = {}) {
  const world = await anOidcWorld(change);
  world.provider.behaviour.metadata = { ...provided };
  const asked = locationOf(await world.browser.get(PATH));
  const state = new URL(asked).searchParams.get("state") ?? "";
  const back = await world.provider.authorize(asked);
  world.asked();
  return { ...world, state, back: `${back.pathname}${back.search}` };
}

const redeemed = (asked: readonly string[]) => asked.includes("POST /token");

describe("openid-connect, when a browser comes back", () => {
  it("takes no code from a browser that began no login", async () => {
    const { asked, back, browserOf } = await begun();
    expect((await browserOf().get(back)).status).toBe(500);
    expect(redeemed(asked())).toBe(false);
  });

  it("takes no code with another browser's state: someone would sign in as another", async () => {
    const { asked, back, browserOf } = await begun();
    const victim = browserOf();
    await victim.get("/r/mine");
    const answer = await victim.get(back);
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/r/mine"]);
    expect(redeemed(asked())).toBe(false);
  });

  it.each(["", "&state=", `&state=${"0".repeat(32)}`, "&state=__proto__", "&state=constructor"])(
    "redeems no code with the state %j",
    async (state) => {
      const { asked, browser } = await begun();
      const answer = await browser.get(`${CALLBACK}?code=code-9${state}`);
      expect(answer.status).toBe(/=.*[a-z0-9]/.test(state) ? 302 : 500);
      expect(redeemed(asked())).toBe(false);
    },
  );

  it("starts again three times in a row, and no more", async () => {
    const { browser } = await begun();
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      statuses.push((await browser.get(`${CALLBACK}?code=c&state=${"0".repeat(32)}`)).status);
    }
    expect(statuses).toEqual([302, 302, 302, 500]);
  });

  it("leads a callback that comes twice to the page, as nobody did anything wrong", async () => {
    const { back, browser } = await begun();
    await browser.get(back);
    expect((await browser.get(back)).headers.get("location")).toBe(PATH);
    expect((await browser.get(PATH)).status).toBe(200);
  });

  it("finishes each of several logins that were begun at a time", async () => {
    const { back, browser, provider } = await begun();
    const other = await provider.authorize(locationOf(await browser.get("/r/other")));
    expect((await browser.get(back)).headers.get("location")).toBe(PATH);
    const answer = await browser.get(`${other.pathname}${other.search}`);
    expect(answer.headers.get("location")).toBe("/r/other");
  });

  it("gives up a login after ten minutes", async () => {
    const { asked, back, browser, clock } = await begun();
    clock.now += 600_000;
    expect((await browser.get(back)).headers.get("location")).toBe(PATH);
    expect(redeemed(asked())).toBe(false);
  });

  it.each([
    ["temporarily_unavailable", 302],
    ["access_denied", 500],
    ["login_required", 500],
  ])("error=%s: %i", async (error, status) => {
    const { browser, state } = await begun();
    const answer = await browser.get(`${CALLBACK}?error=${error}&state=${state}`);
    expect(answer.status).toBe(status);
    if (status === 302) expect(answer.headers.get("location")).toBe(PATH);
  });

  it.each([
    ["&iss=https%3A%2F%2Fevil.test", false, 500],
    ["&iss=https%3A%2F%2Fidp.test", true, 302],
    ["", true, 500],
  ])("iss %j, from a provider that names itself %s: %i", async (iss, names, status) => {
    const { back, browser } = await begun(
      {},
      { authorization_response_iss_parameter_supported: names },
    );
    expect((await browser.get(`${back}${iss}`)).status).toBe(status);
  });
});

describe("openid-connect leads back to its own host only", () => {
  it.each(["//evil.test/r?a=1", "/\\evil.test/r?a=1"])("asked for %s", async (target) => {
    const { browser, plugin, provider, publish } = await anOidcWorld();
    const upstream = anUpstream(["u.test:80"]);
    const plugins = plugin({ redirect_uri: "/r/back" });
    await publish({ routes: { all: aRoute("all", { uri: "/*", upstream, plugins }) } });
    const back = await provider.authorize(locationOf(await browser.get(target)));
    const led = locationOf(await browser.get(`${back.pathname}${back.search}`));
    expect(new URL(led, "http://edge.test").href).toBe("http://edge.test//evil.test/r?a=1");
  });
});

describe("openid-connect takes no id token", () => {
  const PAST = { iat: 1_600_000_000, exp: 1_600_000_300 };

  it.each([
    ["of another issuer", { iss: "https://evil.test" }],
    ["for another client", { aud: "another" }],
    ["for others, although several", { aud: ["a", "b"] }],
    ["that another client asked for", { aud: [CLIENT.id, "other"], azp: "other" }],
    ["that is over", PAST],
    ["without an expiry", { exp: undefined }],
    ["from the future", { iat: 1_700_000_200 }],
    ["without iat", { iat: undefined }],
    ["of nobody", { sub: undefined }],
    ["that is not valid yet", { nbf: 1_700_000_200 }],
    ["with another nonce", { nonce: "replayed" }],
    ["without a nonce", { nonce: undefined }],
    ["of another access token", { at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }],
  ])("%s", async (_what, claims) => {
    const { back, browser, log, provider } = await begun({ use_nonce: true });
    provider.behaviour.idToken = claims as never;
    expect((await browser.get(back)).status).toBe(500);
    expect(log.join("\n")).toMatch(/id_token's/);
    expect((await browser.get(PATH)).status).toBe(302);
  });

  it.each([
    ["aud in a list", { aud: ["x", CLIENT.id] }],
    ["azp of this client", { azp: CLIENT.id }],
    ["over, within the slack", { exp: 1_699_999_900 }],
    ["from the future, within the slack", { iat: 1_700_000_100 }],
  ])("but one with %s", async (_what, claims) => {
    const { back, browser, provider } = await begun();
    provider.behaviour.idToken = claims as never;
    expect((await browser.get(back)).status).toBe(302);
  });

  it("by an algorithm that the provider does not name", async () => {
    const { back, browser } = await begun({}, { id_token_signing_alg_values_supported: ["RS256"] });
    expect((await browser.get(back)).status).toBe(500);
  });

  it.each([
    [["HS256"], 302],
    [["ES256"], 500],
    [undefined, 500],
  ])("by the client's secret, where the provider names %j: %i", async (algorithms, status) => {
    const { back, browser, provider } = await begun(
      {},
      { id_token_signing_alg_values_supported: algorithms },
    );
    provider.behaviour.signsWithSecret = true;
    expect((await browser.get(back)).status).toBe(status);
  });

  it("of a key that the provider does not publish; but of one that it has published since", async () => {
    const { asked, back, browser, clock, provider, signIn } = await begun();
    expect((await browser.get(back)).status).toBe(302);
    await provider.rotate();
    browser.cookies.clear();
    asked();
    expect((await signIn(browser)).status).toBe(500);
    expect(asked()).toEqual(["POST /token"]);
    clock.now += 30_000;
    expect((await signIn(browser)).status).toBe(302);
    expect(asked()).toEqual(["POST /token", "GET /jwks", "GET /userinfo"]);
  });
});
