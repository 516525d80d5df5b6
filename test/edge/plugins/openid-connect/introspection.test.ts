import { describe, expect, it } from "vitest";
import { SUBJECT } from "../../../support/identity-provider.ts";
import { anOidcWorld, told } from "../../../support/oidc-world.ts";

const OPAQUE = { bearer_only: true, session: undefined };
const DISCOVERY = "GET /.well-known/openid-configuration";

describe("openid-connect with introspection", () => {
  it("asks the provider of the discovery document what a token is worth", async () => {
    const { asked, bearer, provider, seen } = await anOidcWorld(OPAQUE);
    expect((await bearer("opaque")).status).toBe(200);
    expect(provider.asked.at(-1)?.form.get("token")).toBe("opaque");
    expect(asked()).toEqual([DISCOVERY, "POST /introspect"]);
    expect(told(seen[0]?.headers.get("x-userinfo"))).toMatchObject({ active: true, sub: SUBJECT });
    expect(seen[0]?.headers.get("x-access-token")).toBe("opaque");
  });

  it("asks the endpoint of the configuration, where there is one", async () => {
    const { asked, bearer } = await anOidcWorld({
      ...OPAQUE,
      introspection_endpoint: "https://idp.test/introspect",
    });
    expect((await bearer("opaque")).status).toBe(200);
    expect(asked()).toEqual(["POST /introspect"]);
  });

  it.each([[{ active: false }], [{ active: "true" }], [{ active: undefined }]])(
    "refuses a token of which it says %j, each time anew",
    async (introspection) => {
      const { asked, bearer, provider, seen } = await anOidcWorld(OPAQUE);
      provider.behaviour.introspection = introspection;
      for (const _ of [1, 2]) {
        const answer = await bearer("opaque");
        expect(answer.status).toBe(401);
        expect(answer.headers.get("www-authenticate")).toBe(
          'Bearer realm="apisix", error="invalid_token", error_description="invalid token"',
        );
      }
      expect(seen).toEqual([]);
      expect(asked().filter((what) => what === "POST /introspect").length).toBe(2);
    },
  );

  it("refuses while the provider is down", async () => {
    const { bearer, clock, provider } = await anOidcWorld(OPAQUE);
    provider.behaviour.isDown = true;
    expect((await bearer("opaque")).status).toBe(401);
    provider.behaviour.isDown = false;
    clock.now += 5_000;
    expect((await bearer("opaque")).status).toBe(200);
  });

  it("refuses where its own proof does not hold", async () => {
    const { bearer, log } = await anOidcWorld({ ...OPAQUE, client_secret: "wrong" });
    expect((await bearer("opaque")).status).toBe(401);
    expect(log.join()).toContain("https://idp.test/introspect answers 401 (invalid_client)");
    expect(log.join()).not.toContain("a secret of the provider");
  });

  it.each([
    [{}, 59, 1],
    [{}, 60, 2],
    [{ introspection_interval: 10 }, 9, 1],
    [{ introspection_interval: 10 }, 10, 2],
    [{ introspection_interval: 100 }, 60, 2],
    [{ introspection_expiry_claim: "ttl" }, 29, 1],
    [{ introspection_expiry_claim: "ttl" }, 30, 2],
    [{ introspection_expiry_claim: "absent" }, 0, 2],
  ])(
    "%o: a token twice within %i seconds is asked about %i times",
    async (change, seconds, times) => {
      const { asked, bearer, clock, provider } = await anOidcWorld({ ...OPAQUE, ...change });
      provider.behaviour.introspection = { active: true, ttl: 30 };
      await bearer("opaque");
      clock.now += seconds * 1000;
      expect((await bearer("opaque")).status).toBe(200);
      expect(asked().filter((what) => what === "POST /introspect").length).toBe(times);
    },
  );

  it("takes one token's answer for no other token, nor for one with other headers", async () => {
    const { asked, bearer, get } = await anOidcWorld({
      ...OPAQUE,
      introspection_addon_headers: ["X-Tenant", "X-None"],
    });
    await bearer("one");
    await bearer("two");
    await get("/r", { headers: { authorization: "Bearer one", "x-tenant": "a" } });
    expect(asked().filter((what) => what === "POST /introspect").length).toBe(3);
  });

  it("sends the client's headers that are named along", async () => {
    const { get, provider } = await anOidcWorld({
      ...OPAQUE,
      introspection_addon_headers: ["X-Tenant", "X-None", "Content-Type"],
    });
    const headers = { authorization: "Bearer t", "x-tenant": "a", "content-type": "text/x" };
    expect((await get("/r", { headers })).status).toBe(200);
    const sent = provider.asked.at(-1)?.headers;
    expect(sent?.get("x-tenant")).toBe("a");
    expect(sent?.get("x-none")).toBeNull();
    expect(sent?.get("content-type")).toBe("application/x-www-form-urlencoded");
  });

  it("holds required_scopes against the answer", async () => {
    const { bearer } = await anOidcWorld({ ...OPAQUE, required_scopes: ["admin"] });
    const answer = await bearer("opaque");
    expect([answer.status, await answer.text()]).toEqual([
      403,
      '{"error":"required scopes admin not present"}',
    ]);
  });
});
