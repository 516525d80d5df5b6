import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const NAME = "apisix-csrf-token";
/** Made by a real APISIX with the key `k2` at 1700000000, which is when the clock of the tests begins. */
const OF_APISIX = btoa(
  '{"random":0.5,"expires":1700000000,"sign":"75b6960cf6cb1a824892d03edcf8a8b61e817ecdc01b2723993110527ec56f21"}',
);

async function aGuarded(settings: object = {}) {
  const world = aPluginWorld();
  await world.serve({ csrf: { key: "k2", ...settings } });
  return world;
}

const both = (token: string) => ({ [NAME]: token, cookie: `${NAME}=${token}` });

describe("csrf", () => {
  it("brings a new token with every answer, which is good for the next request", async () => {
    const { get } = await aGuarded();
    const first = await get("/r");
    const cookie = first.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(
      /^apisix-csrf-token=[\w+/=]+;path=\/;SameSite=Lax;Expires=Wed, 15-Nov-23 00:13:20 GMT$/,
    );
    const token = cookie.slice(NAME.length + 1).split(";")[0] ?? "";
    const second = await get("/r", { method: "POST", headers: both(token) });
    expect(second.status).toBe(200);
    expect(second.headers.get("set-cookie")).not.toBe(cookie);
  });

  it("takes APISIX's tokens", async () => {
    const { get } = await aGuarded();
    expect((await get("/r", { method: "POST", headers: both(OF_APISIX) })).status).toBe(200);
  });

  it.each(["GET", "HEAD", "OPTIONS"])("asks nothing of %s", async (method) => {
    const { get } = await aGuarded();
    expect((await get("/r", { method })).status).toBe(200);
  });

  it.each<[string, Record<string, string>, string]>([
    ["no header", { cookie: `${NAME}=x` }, "no csrf token in headers"],
    ["no cookie", { [NAME]: "x" }, "no csrf cookie"],
    ["another cookie", { [NAME]: "x", cookie: `${NAME}=y` }, "csrf token mismatch"],
    ["no base64", both("notbase64!"), "Failed to verify the csrf token signature"],
    ["no JSON", both("eA=="), "Failed to verify the csrf token signature"],
    ["no object", both(btoa("null")), "Failed to verify the csrf token signature"],
    ["no fields", both(btoa("{}")), "Failed to verify the csrf token signature"],
    [
      "no number",
      both(btoa('{"random":true,"expires":1700000000,"sign":"x"}')),
      "Failed to verify the csrf token signature",
    ],
    [
      "another signature",
      both(btoa('{"random":0.5,"expires":1700000000,"sign":"x"}')),
      "Failed to verify the csrf token signature",
    ],
  ])("refuses a request with %s", async (_, headers, reason) => {
    const { get, seen } = await aGuarded();
    const answer = await get("/r", { method: "POST", headers });
    expect(await answer.json()).toEqual({ error_msg: reason });
    expect([answer.status, seen.length]).toEqual([401, 0]);
    expect(answer.headers.get("set-cookie")).toContain(`${NAME}=`);
  });

  it.each([
    [7200, 7200, 200],
    [7200, 7201, 401],
    [0, 1_000_000_000, 200],
  ])("with %i s of life answers after %i s with %i", async (expires, after, status) => {
    const { clock, get } = await aGuarded({ expires });
    clock.now += after * 1000;
    expect((await get("/r", { method: "POST", headers: both(OF_APISIX) })).status).toBe(status);
  });

  it("knows the tokens of another key from its own", async () => {
    const { get } = await aGuarded({ key: "k1" });
    expect((await get("/r", { method: "POST", headers: both(OF_APISIX) })).status).toBe(401);
  });

  it("refuses a name that no header can have", async () => {
    const { get } = await aGuarded({ name: "a b" });
    expect((await get("/r")).status).toBe(503);
  });
});
