import { describe, expect, it } from "vitest";
import { locationOf } from "../../../support/browser.ts";
import { SUBJECT } from "../../../support/identity-provider.ts";
import { anOidcWorld, told } from "../../../support/oidc-world.ts";
import { anUpstream, aRoute } from "../../../support/snapshots.ts";

const PATH = "/r/page?a=1";
const MINUTE = 60_000;

/** Of this client of this provider. */
const SESSION = "session_52e52a76";

async function signedIn(change: object = {}) {
  const world = await anOidcWorld(change);
  await world.signIn(world.browser);
  world.asked();
  return world;
}

describe("openid-connect's session", () => {
  it("lies in the browser, where nobody can read or change it", async () => {
    const { browser } = await signedIn();
    const value = browser.cookies.get(SESSION) ?? "";
    expect(value).toMatch(/^1\.eyJ/);
    expect(atob(value.split(".")[1] as string)).toBe('{"alg":"dir","enc":"A256GCM"}');
    expect(value).not.toContain("access-");
    for (const at of [3, 60, value.length - 3]) {
      const other = value[at] === "A" ? "B" : "A";
      browser.cookies.set(SESSION, value.slice(0, at) + other + value.slice(at + 1));
      expect((await browser.get(PATH)).status).toBe(302);
    }
  });

  it("is not for scripts, other sites, and plain HTTP where it came by HTTPS", async () => {
    const { browser, browserOf, signIn } = await signedIn();
    expect(browser.received.at(-1)).toMatch(
      /^session_[0-9a-f]{8}=[^;]+; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/,
    );
    const secure = browserOf({ scheme: "https" });
    await signIn(secure);
    expect(secure.received.at(-1)).toMatch(/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it.each([
    ["another secret", { session: { secret: "fedcba9876543210" } }],
    ["another client with the same secret", { client_id: "other" }],
    [
      "another provider with the same secret",
      { discovery: "https://idp.test/.well-known/openid-configuration?2" },
    ],
  ])("is nothing to %s", async (_what, change) => {
    const { browser, browserOf, plugin, serve } = await signedIn();
    await serve(plugin(change));
    expect((await browserOf().get(PATH)).status).toBe(302);
    const other = browserOf();
    await other.get(PATH);
    // Under whatever name it looks for its own.
    const value = browser.cookies.get(SESSION) ?? "";
    for (const name of [...other.cookies.keys(), SESSION]) other.cookies.set(name, value);
    expect((await other.get(PATH)).status).toBe(302);
  });

  it("lies beside that of another client on the same host", async () => {
    const { browser, plugin, provider, publish, signIn } = await anOidcWorld();
    const upstream = anUpstream(["u.test:80"]);
    const other = plugin({ discovery: `${provider.discovery}?tenant=2` });
    await publish({
      routes: {
        a: aRoute("a", { uri: "/r*", upstream, plugins: plugin() }),
        b: aRoute("b", { uri: "/b*", upstream, plugins: other }),
      },
    });
    await signIn(browser, "/r");
    await signIn(browser, "/b");
    expect(browser.cookies.size).toBe(2);
    for (const path of ["/r", "/b", "/r"]) expect((await browser.get(path)).status).toBe(200);
  });

  it("holds in another place with the same client and secret, and in the next generation", async () => {
    const { browser, plugin, serve } = await signedIn();
    await serve(plugin({ unauth_action: "deny", scope: "openid email" }));
    expect((await browser.get("/r/elsewhere")).status).toBe(200);
  });

  it("ends when it is not used for its lifetime", async () => {
    const { browser, clock, provider } = await signedIn({ session: sessionOf(600) });
    provider.behaviour.expiresIn = 100_000;
    clock.now += 600_000;
    expect((await browser.get(PATH)).status).toBe(302);
  });

  it("goes on as long as it is used, but a day at most", async () => {
    const { browser, clock, plugin, provider, serve, signIn } = await anOidcWorld();
    provider.behaviour.expiresIn = 1_000_000;
    await serve(plugin({ session: sessionOf(3600) }));
    await signIn(browser);
    let uses = 0;
    while ((await browser.get(PATH)).status === 200) {
      uses += 1;
      clock.now += 40 * MINUTE;
    }
    expect(uses).toBe((24 * 60) / 40);
  });

  it("is renewed now and then, not with every answer", async () => {
    const { browser, clock } = await signedIn();
    const before = browser.received.length;
    clock.now += 3 * MINUTE;
    await browser.get(PATH);
    expect(browser.received.length).toBe(before);
  });

  it("is cut into several cookies where it is long, and all of them go when it gets shorter", async () => {
    const { browser, provider, seen, signIn } = await anOidcWorld();
    provider.behaviour.accessTokenSize = 9_000;
    await signIn(browser);
    expect([...browser.cookies.keys()]).toEqual([
      SESSION,
      `${SESSION}_2`,
      `${SESSION}_3`,
      `${SESSION}_4`,
    ]);
    for (const line of browser.received) expect(line.length).toBeLessThan(4_096);
    expect((await browser.get(PATH)).status).toBe(200);
    expect(seen[0]?.headers.get("x-access-token")?.length).toBe(9_000);
    expect(seen[0]?.headers.get("cookie")).toBeNull();
    browser.cookies.delete(`${SESSION}_3`);
    expect((await browser.get(PATH)).status).toBe(302);
    expect([...browser.cookies.keys()]).toEqual([SESSION]);
  });

  it("of more than browsers carry is an error, not half a session", async () => {
    const { browser, provider, signIn } = await anOidcWorld();
    provider.behaviour.accessTokenSize = 80_000;
    expect((await signIn(browser)).status).toBe(500);
  });
});

describe("openid-connect, when the access token is over", () => {
  it("gets another one, and a new refresh token with it", async () => {
    const { asked, browser, clock, seen } = await signedIn({ set_refresh_token_header: true });
    await browser.get(PATH);
    for (let i = 0; i < 3; i++) {
      clock.now += 5 * MINUTE;
      expect((await browser.get(PATH)).status).toBe(200);
      expect(asked()).toEqual(["POST /token"]);
    }
    expect(new Set(seen.map(({ headers }) => headers.get("x-access-token"))).size).toBe(4);
    expect(new Set(seen.map(({ headers }) => headers.get("x-refresh-token"))).size).toBe(4);
  });

  it("asks once for what a page asks for at a time", async () => {
    const { asked, clock, get, browser, seen } = await signedIn();
    clock.now += 5 * MINUTE;
    const cookie = `${SESSION}=${browser.cookies.get(SESSION)}`;
    const answers = await Promise.all([1, 2, 3].map(() => get("/r", { headers: { cookie } })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(asked()).toEqual(["POST /token"]);
    expect(new Set(seen.map(({ headers }) => headers.get("x-access-token"))).size).toBe(1);
  });

  it.each([
    ["has no refresh token", { issuesRefreshTokens: false }],
    ["is refused", {}],
  ])("and there is no other since it %s: the user signs in again", async (_what, behaviour) => {
    const { browser, clock, provider, signIn } = await anOidcWorld();
    Object.assign(provider.behaviour, behaviour);
    await signIn(browser);
    if (provider.behaviour.issuesRefreshTokens) {
      // Someone else has used it.
      const fetched = await provider.fetch(`${provider.issuer}/token`, {
        method: "POST",
        body: "grant_type=refresh_token&refresh_token=refresh-3&client_id=shop",
      });
      expect(fetched.status).toBe(200);
    }
    clock.now += 5 * MINUTE;
    const answer = await browser.get(PATH);
    expect(new URL(locationOf(answer)).pathname).toBe("/authorize");
  });

  it("does without one where renew_access_token_on_expiry is off", async () => {
    const { asked, browser, clock, seen } = await signedIn({ renew_access_token_on_expiry: false });
    clock.now += 5 * MINUTE;
    expect((await browser.get(PATH)).status).toBe(200);
    expect(seen[0]?.headers.get("x-access-token")).toBeNull();
    expect(told(seen[0]?.headers.get("x-id-token"))).toMatchObject({ sub: SUBJECT });
    expect(asked()).toEqual([]);
  });

  it("takes no other user's id token", async () => {
    const { browser, clock, provider } = await signedIn();
    provider.behaviour.idToken = { sub: "user-2" };
    clock.now += 5 * MINUTE;
    expect((await browser.get(PATH)).status).toBe(302);
  });

  it.each([
    [{ access_token_expires_leeway: 60 }, 238, []],
    [{ access_token_expires_leeway: 60 }, 239, ["POST /token"]],
    [{}, 298, []],
    [{}, 299, ["POST /token"]],
  ])("%o: after %i seconds it asks for %j", async (change, seconds, expected) => {
    const { asked, browser, clock } = await signedIn(change);
    clock.now += seconds * 1000;
    await browser.get(PATH);
    expect(asked()).toEqual(expected);
  });
});

describe("openid-connect with refresh_session_interval", () => {
  it("has the provider look at the user again, without a word to him", async () => {
    const { browser, clock, provider } = await signedIn({ refresh_session_interval: 120 });
    clock.now += 2 * MINUTE;
    expect((await browser.get(PATH)).status).toBe(200);
    clock.now += 1_000;
    const asked = locationOf(await browser.get(PATH));
    expect(new URL(asked).searchParams.get("prompt")).toBe("none");
    const back = await provider.authorize(asked);
    expect((await browser.get(`${back.pathname}${back.search}`)).status).toBe(302);
    expect((await browser.get(PATH)).status).toBe(200);
  });

  it("has him sign in where the provider must ask him", async () => {
    const { browser, clock } = await signedIn({ refresh_session_interval: 120 });
    clock.now += 2 * MINUTE + 1_000;
    const asked = new URL(locationOf(await browser.get(PATH)));
    const state = asked.searchParams.get("state");
    const back = `/r/page/.apisix/redirect?error=login_required&state=${state}`;
    expect((await browser.get(back)).headers.get("location")).toBe(PATH);
    const again = new URL(locationOf(await browser.get(PATH)));
    expect(again.searchParams.get("prompt")).toBeNull();
  });
});

function sessionOf(lifetime: number) {
  return { secret: "0123456789abcdef", cookie: { lifetime } };
}
