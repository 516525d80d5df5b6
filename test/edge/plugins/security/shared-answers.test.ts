import { expect, it } from "vitest";
import { jack } from "../../../support/consumers.ts";
import { SUBJECT } from "../../../support/identity-provider.ts";
import { anOidcWorld } from "../../../support/oidc-world.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { sealedToken } from "../../../support/sealed-token.ts";

const CACHE = { "proxy-cache": { cache_strategy: "memory", cache_zone: "memory_cache" } };
const SECRET = "abcdefghijklmnopqrstuvwxyz123456";

/** The service knows a user by a cookie. */
const byCookie = async (input: RequestInfo | URL, init?: RequestInit) => {
  const request = new Request(input, init);
  const user = /user=(\w+)/.exec(await askedText(request))?.[1] ?? "";
  const headers = { "x-user": user };
  return Response.json({ result: { allow: true, headers } }, { headers });
};

async function askedText(request: Request): Promise<string> {
  return `${request.headers.get("cookie")} ${await request.text()}`;
}

it.each<[string, object]>([
  [
    "forward-auth",
    { uri: "http://auth.test/", request_headers: ["Cookie"], upstream_headers: ["X-User"] },
  ],
  ["opa", { host: "http://opa.test", policy: "p", send_headers_upstream: ["X-User"] }],
])("what one user of %s got from the upstream is kept from another", async (name, settings) => {
  const { get, seen, serve } = aPluginWorld({ deps: { fetch: byCookie } });
  await serve({ [name]: settings, ...CACHE });
  const ask = (user: string) => get("/r", { headers: { cookie: `user=${user}` } });
  for (const user of ["jack", "rose", "jack"]) await (await ask(user)).text();
  expect(seen.map(({ headers }) => headers.get("x-user"))).toEqual(["jack", "rose"]);
});

it("what one bearer of an encrypted token got is kept from another", async () => {
  const { get, seen, serve } = aPluginWorld();
  const settings = { header: "X-Token", forward_header: "X-Plain" };
  const world = jack({ "jwe-decrypt": { key: "k", secret: SECRET } });
  await serve({ "jwe-decrypt": settings, ...CACHE }, world);
  for (const text of ["jack", "rose", "jack"]) {
    const answer = await get("/r", {
      headers: { "x-token": await sealedToken(text, SECRET, "k") },
    });
    await answer.text();
  }
  expect(seen.map(({ headers }) => headers.get("x-plain"))).toEqual(["jack", "rose"]);
});

it("what a user of openid-connect got is kept from one who is not signed in", async () => {
  const { browser, get, plugin, serve, seen, signIn } = await anOidcWorld({
    unauth_action: "pass",
  });
  await serve(plugin({ unauth_action: "auth" }));
  await signIn(browser);
  await serve({ ...plugin(), ...CACHE });
  await (await browser.get("/r/page")).text();
  await (await browser.get("/r/page")).text();
  await (await get("/r/page")).text();
  expect(seen.map(({ headers }) => headers.has("x-userinfo"))).toEqual([true, false]);
});

it("acl knows a user of openid-connect by the claims", async () => {
  const { browser, plugin, serve, signIn } = await anOidcWorld();
  const acl = (value: string) => ({
    acl: {
      allow_labels: { team: [value] },
      external_user_label_field: "sub",
      external_user_label_field_key: "team",
    },
  });
  await signIn(browser);
  await serve({ ...plugin(), ...acl("nobody") });
  expect((await browser.get("/r/page")).status).toBe(403);
  await serve({ ...plugin(), ...acl(SUBJECT) });
  expect((await browser.get("/r/page")).status).toBe(200);
});
