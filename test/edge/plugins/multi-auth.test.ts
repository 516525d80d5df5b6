import { describe, expect, it } from "vitest";
import { jack, roseAndAnon, together, toldOf } from "../../support/consumers.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

const CONSUMERS = together(
  jack({ "key-auth": { key: "k-jack" } }),
  roseAndAnon({ "basic-auth": { username: "rose", password: "pw" } }),
);

async function world(...methods: object[]) {
  const opened = aPluginWorld();
  await opened.serve({ "multi-auth": { auth_plugins: methods } }, CONSUMERS);
  const send = (headers: Record<string, string>) => opened.get("/r", { headers });
  return { ...opened, send };
}

const ROSE = { authorization: `Basic ${btoa("rose:pw")}` };

describe("multi-auth", () => {
  it("lets in by the first method that knows the sender", async () => {
    const { seen, send } = await world({ "key-auth": {} }, { "basic-auth": {} });
    await send({ apikey: "k-jack", ...ROSE });
    await send({ apikey: "wrong", ...ROSE });
    expect(seen.map(({ headers }) => toldOf(headers)["x-consumer-username"])).toEqual([
      "jack",
      "rose",
    ]);
  });

  it("leaves the challenge of a method that did not, as APISIX does", async () => {
    const { send } = await world({ "key-auth": {} }, { "basic-auth": { realm: "mine" } });
    expect((await send({ apikey: "k-jack" })).headers.has("www-authenticate")).toBe(false);
    expect((await send(ROSE)).headers.get("www-authenticate")).toBe('apikey realm="key"');
    const failed = await send({});
    expect(failed.status).toBe(401);
    expect(failed.headers.get("www-authenticate")).toBe('Basic realm="mine"');
    expect(await failed.json()).toEqual({ message: "Authorization Failed" });
  });

  it("hides what let the sender in, and nothing of a method that did not", async () => {
    const hide = { hide_credentials: true };
    const { seen, send } = await world({ "key-auth": hide }, { "basic-auth": hide });
    await send({ apikey: "wrong", ...ROSE });
    expect(seen[0]?.headers.get("apikey")).toBe("wrong");
    expect(seen[0]?.headers.has("authorization")).toBe(false);
  });

  it("takes several methods of one entry, and an anonymous consumer of any", async () => {
    const { seen, send } = await world(
      { "key-auth": {}, "basic-auth": {} },
      { "jwt-auth": { anonymous_consumer: "anon" } },
    );
    await send(ROSE);
    await send({});
    expect(seen.map(({ headers }) => toldOf(headers)["x-consumer-username"])).toEqual([
      "rose",
      "anon",
    ]);
  });

  it.each([["echo"], ["multi-auth"], ["nothing"], ["ldap-auth"]])(
    "answers 503 where one of the methods is %s: it would let everybody in, or nobody",
    async (name) => {
      const { send, seen } = await world({ "key-auth": {} }, { [name]: {} });
      expect((await send({ apikey: "k-jack" })).status).toBe(503);
      expect(seen).toEqual([]);
    },
  );
});
