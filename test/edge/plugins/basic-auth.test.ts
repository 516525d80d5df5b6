import { describe, expect, it } from "vitest";
import { jack, roseAndAnon, together, toldOf } from "../../support/consumers.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

const CONSUMERS = together(
  jack({ "basic-auth": { username: "jack", password: "pw-jack" } }),
  roseAndAnon({ "basic-auth": { username: "röse", password: "pä" } }),
);

async function world(configuration: object = {}) {
  const opened = aPluginWorld();
  await opened.serve({ "basic-auth": configuration }, CONSUMERS);
  const send = (authorization?: string) =>
    opened.get("/r", authorization === undefined ? {} : { headers: { authorization } });
  return { ...opened, send };
}

function basic(credentials: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(credentials)))}`;
}

describe("basic-auth", () => {
  it.each<[string, string, string]>([
    ["a name and its password", basic("jack:pw-jack"), "jack"],
    ["a credential", basic("röse:pä"), "rose"],
    ["the scheme in lower case", basic("jack:pw-jack").replace("B", "b"), "jack"],
    ["base64 without its padding", basic("jack:pw-jack").replace(/=+$/, ""), "jack"],
    ["white space around", basic(" ja ck : pw-jack\n"), "jack"],
    ["a third piece", basic("jack:pw-jack:more"), "jack"],
  ])("lets in %s", async (_, authorization, username) => {
    const { seen, send } = await world();
    expect((await send(authorization)).status).toBe(200);
    expect(toldOf(seen[0]?.headers)["x-consumer-username"]).toBe(username);
  });

  it.each<[string, string | undefined, string]>([
    ["no header", undefined, "Missing authorization in request"],
    ["another scheme", "Bearer amFjazpwdy1qYWNr", "Invalid authorization in request"],
    ["no credentials", "Basic", "Invalid authorization in request"],
    ["no base64", "Basic !!!", "Invalid authorization in request"],
    ["base64 for URLs", "Basic amFj_w", "Invalid authorization in request"],
    ["two spaces", "Basic  amFjazpwdy1qYWNr", "Invalid authorization in request"],
    ["no colon", basic("jack"), "Invalid authorization in request"],
    ["no password", basic("jack:"), "Invalid authorization in request"],
    ["a wrong password", basic("jack:pw-jacK"), "Invalid user authorization"],
    ["a part of the password", basic("jack:pw-jac"), "Invalid user authorization"],
    ["the password and more", basic("jack:pw-jackpw-jack"), "Invalid user authorization"],
    ["an empty password", basic("jack::pw-jack"), "Invalid user authorization"],
    ["an unknown name", basic("nobody:x"), "Invalid user authorization"],
    [
      "the name of a consumer that proves itself by another",
      basic("rose:pä"),
      "Invalid user authorization",
    ],
    ["latin1 for UTF-8", `Basic ${btoa("r\xf6se:p\xe4")}`, "Invalid user authorization"],
  ])("answers 401 to %s", async (_, authorization, message) => {
    const { seen, send } = await world();
    const answer = await send(authorization);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Basic realm="basic"');
    expect(await answer.json()).toEqual({ message });
    expect(seen).toEqual([]);
  });

  it.each([
    ["both good", `${basic("jack:pw-jack")}, ${basic("jack:pw-jack")}`],
    ["the second without its scheme", `${basic("jack:pw-jack")}, amFjazpwdy1qYWNr`],
  ])("answers nginx's 400 to two lines, %s, anonymous or not", async (_, authorization) => {
    const { send } = await world({ anonymous_consumer: "anon" });
    const answer = await send(authorization);
    expect(answer.status).toBe(400);
    expect(answer.headers.has("www-authenticate")).toBe(false);
  });

  it("hides what it was given, also where that was wrong", async () => {
    const { seen, send } = await world({ hide_credentials: true, anonymous_consumer: "anon" });
    await send(basic("jack:pw-jack"));
    await send(basic("jack:wrong"));
    expect(seen.map(({ headers }) => headers.get("authorization"))).toEqual([null, null]);
    expect(seen.map(({ headers }) => headers.get("x-consumer-username"))).toEqual(["jack", "anon"]);
  });

  it("lets nobody in by a password that has no meaning here", async () => {
    const { get, serve } = aPluginWorld();
    const password = "$env://NONE";
    await serve({ "basic-auth": {} }, jack({ "basic-auth": { username: "jack", password } }));
    const answer = await get("/r", { headers: { authorization: basic(`jack:${password}`) } });
    expect(answer.status).toBe(401);
  });
});
