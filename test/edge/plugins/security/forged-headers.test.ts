import { describe, expect, it } from "vitest";
import { jack, roseAndAnon, together, toldOf } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { sealedToken } from "../../../support/sealed-token.ts";

const CONSUMERS = together(
  jack(
    {
      "key-auth": { key: "k-jack" },
      "jwe-decrypt": { key: "k1", secret: "abcdefghijklmnopqrstuvwxyz123456" },
    },
    { labels: { custom_id: "7", role: "reader" } },
  ),
  roseAndAnon({ "key-auth": { key: "k-rose" } }),
);

const FORGED = ["X-Consumer-Username", "X-Credential-Identifier", "X-Consumer-Custom-ID"];

/** Every way to write a header that what follows CGI takes for the same. */
function spellings(name: string): readonly string[] {
  const [first = "", ...others] = name.split("-");
  return others.reduce<readonly string[]>(
    (begun, part) => begun.flatMap((text) => [`${text}-${part}`, `${text}_${part}`]),
    [first],
  );
}

/** What an upstream after CGI takes for the header. */
function readAs(headers: Headers | undefined, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return [...(headers ?? [])].flatMap(([each, value]) =>
    each.replaceAll("_", "-") === wanted ? [value] : [],
  );
}

describe("headers that tell the upstream who the sender is", () => {
  it.each(["k-jack", "k-rose", "nobody's"])(
    "are the gateway's alone for the key %s",
    async (key) => {
      const { get, seen, serve } = aPluginWorld();
      await serve({ "key-auth": { anonymous_consumer: "anon" } }, CONSUMERS);
      const forged = FORGED.flatMap(spellings).map((name) => [name, "admin"]);
      expect(forged).toHaveLength(16);
      await get("/r", { headers: { ...Object.fromEntries(forged), apikey: key } });
      const said = FORGED.flatMap((name) => readAs(seen[0]?.headers, name));
      expect(said).not.toContain("admin");
      expect(said.length).toBeLessThanOrEqual(FORGED.length);
    },
  );

  it.each([
    ["connection: the names", (names: string) => ({ connection: names })],
    ["connection: the names beside others", (names: string) => ({ connection: `close, ${names}` })],
  ])("cannot be stripped by %s", async (_, connection) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "key-auth": {} }, CONSUMERS);
    await get("/r", { headers: { apikey: "k-jack", ...connection(FORGED.join(", ")) } });
    expect(toldOf(seen[0]?.headers)).toEqual({
      "x-consumer-username": "jack",
      "x-credential-identifier": null,
      "x-consumer-custom-id": "7",
    });
  });

  it("cannot be stripped where a plugin of the route's writes another name", async () => {
    const { get, seen, serve } = aPluginWorld();
    const labels = { headers: { "X-Role": "$role" } };
    const rewrite = { headers: { set: { "X-Zone": "outside" } } };
    const plugins = { "key-auth": {}, "attach-consumer-label": labels, "proxy-rewrite": rewrite };
    await serve(plugins, CONSUMERS);
    const connection = "x-role, x-zone, x-own";
    const sent = { "x-role": "reader", "x-own": "mine", x_role: "admin" };
    await get("/r", { headers: { apikey: "k-jack", connection, ...sent } });
    const [upstream] = seen;
    expect(readAs(upstream?.headers, "x-role")).toEqual(["reader"]);
    expect(upstream?.headers.get("x-zone")).toBe("outside");
    expect(upstream?.headers.has("x-own")).toBe(false);
  });

  it("cannot be a client's where the method of multi-auth that let it in finds no consumer", async () => {
    const { get, seen, serve } = aPluginWorld();
    const jwe = { header: "X-Token", forward_header: "X-Plain" };
    await serve(
      { "multi-auth": { auth_plugins: [{ "key-auth": {} }, { "jwe-decrypt": jwe }] } },
      CONSUMERS,
    );
    const token = await sealedToken("hello", "abcdefghijklmnopqrstuvwxyz123456", "k1");
    const forged = { "x-consumer-username": "admin", x_consumer_username: "admin" };
    expect((await get("/r", { headers: { "x-token": token, ...forged } })).status).toBe(200);
    expect(seen[0]?.headers.get("x-plain")).toBe("hello");
    expect(readAs(seen[0]?.headers, "x-consumer-username")).toEqual([]);
  });

  it("stay those of a global rule's consumer in such a method", async () => {
    const { get, seen, serve } = aPluginWorld();
    const loose = { header: "X-Token", forward_header: "X-Plain", strict: false };
    const methods = [{ "jwe-decrypt": loose }, { "basic-auth": {} }];
    const global_rules = { g: { id: "g", plugins: { "key-auth": {} } } };
    await serve({ "multi-auth": { auth_plugins: methods } }, { ...CONSUMERS, global_rules });
    expect((await get("/r", { headers: { apikey: "k-rose" } })).status).toBe(200);
    expect(toldOf(seen[0]?.headers)["x-consumer-username"]).toBe("rose");
  });
});

describe("a header that the client declares its connection's own", () => {
  it("proves nothing, as it is not the upstream's either", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "key-auth": {} }, CONSUMERS);
    const answer = await get("/r", { headers: { apikey: "k-jack", connection: "apikey" } });
    expect(answer.status).toBe(401);
    expect(seen).toEqual([]);
  });
});

describe("a header that speaks of every connection", () => {
  it.each(["upgrade", "upgrade, x-own"])(
    "can be asked for with connection: %s",
    async (connection) => {
      const { get, seen, serve } = aPluginWorld();
      const set = { "x-asked": "$http_upgrade", "x-own": "$http_connection" };
      await serve({ "key-auth": {}, "proxy-rewrite": { headers: { set } } }, CONSUMERS);
      await get("/r", {
        headers: { apikey: "k-jack", upgrade: "websocket", connection, "x-own": "1" },
      });
      const [upstream] = seen;
      expect(upstream?.headers.get("x-asked")).toBe("websocket");
      expect(upstream?.headers.get("x-own")).toBe("upgrade");
      expect(upstream?.headers.has("upgrade")).toBe(false);
    },
  );
});

describe("headers of a service that was asked", () => {
  const asked = (answer: () => Response | Promise<Response>) =>
    aPluginWorld({ deps: { fetch: async () => answer() } });
  const FORGERY = { "x-user": "admin", x_user: "admin", connection: "x-user" };
  const told = { "x-user": "jack" };

  it.each<[string, object, () => Response | Promise<Response>, string[]]>([
    ["forward-auth", {}, () => new Response("", { headers: told }), ["jack"]],
    ["forward-auth", {}, () => new Response(""), []],
    ["forward-auth", { allow_degradation: true }, () => Promise.reject(new Error("down")), []],
    ["opa", {}, () => Response.json({ result: { allow: true, headers: told } }), ["jack"]],
    ["opa", {}, () => Response.json({ result: { allow: true } }), []],
  ])("%s %o are never the client's (%#)", async (name, change, answer, wanted) => {
    const { get, seen, serve } = asked(answer);
    const services = {
      "forward-auth": { uri: "http://auth.test/", upstream_headers: ["X-User"], ...change },
      opa: { host: "http://opa.test", policy: "p", send_headers_upstream: ["X-User"], ...change },
    };
    await serve({ [name]: services[name as keyof typeof services] });
    expect((await get("/r", { headers: FORGERY })).status).toBe(200);
    expect(readAs(seen[0]?.headers, "x-user")).toEqual(wanted);
  });

  it("openid-connect lets none pass, in no spelling", async () => {
    const { get, seen, serve } = aPluginWorld();
    const session = { secret: "0123456789abcdef" };
    const discovery = "https://idp.test/.well-known/openid-configuration";
    const client = { client_id: "c", client_secret: "s", discovery, session };
    await serve({ "openid-connect": { ...client, unauth_action: "pass" } });
    const names = [
      "X-Access-Token",
      "X-Userinfo",
      "X-ID-Token",
      "X-Refresh-Token",
      "X-Raw-ID-Token",
    ];
    const forged = names.flatMap(spellings).map((name) => [name, "forged"]);
    expect((await get("/r", { headers: Object.fromEntries(forged) })).status).toBe(200);
    expect([...(seen[0]?.headers ?? [])].filter(([, value]) => value === "forged")).toEqual([]);
  });
});
