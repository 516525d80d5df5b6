import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const FORMS = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  uuidv7: /^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  nanoid: /^[\w-]{21}$/,
  ksuid: /^2Y[0-9A-Za-z]{25}$/,
  range_id: /^[a-zA-Z0-9]{16}$/,
};

describe("request-id", () => {
  it.each(Object.entries(FORMS))("makes ids by %s, each time another", async (algorithm, form) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "request-id": { algorithm } });
    const ids = [await get("/r"), await get("/r")].map((each) => each.headers.get("x-request-id"));
    expect(ids[0]).toMatch(form);
    expect(ids[0]).not.toBe(ids[1]);
    expect(seen.map(({ headers }) => headers.get("x-request-id"))).toEqual(ids);
  });

  it("keeps an id that the client sent, and takes an empty one for none", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "request-id": {} });
    const own = await get("/r", { headers: { "x-request-id": "mine" } });
    expect(own.headers.get("x-request-id")).toBe("mine");
    await get("/r", { headers: { "x-request-id": "" } });
    expect(seen.map(({ headers }) => headers.get("x-request-id"))).toEqual([
      "mine",
      expect.stringMatching(FORMS.uuid),
    ]);
  });

  it("leaves an id that the upstream sends", async () => {
    const upstream = () => new Response("", { headers: { "x-request-id": "theirs" } });
    const { get, serve } = aPluginWorld({ upstream });
    await serve({ "request-id": {} });
    expect((await get("/r")).headers.get("x-request-id")).toBe("theirs");
  });

  it("tells the client nothing where it is not to", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "request-id": { include_in_response: false, header_name: "X-Trace" } });
    expect((await get("/r")).headers.get("x-trace")).toBeNull();
    expect(seen[0]?.headers.get("x-trace")).toMatch(FORMS.uuid);
  });

  it("draws range ids from the characters that it is given", async () => {
    const { get, serve } = aPluginWorld();
    await serve({
      "request-id": { algorithm: "range_id", range_id: { char_set: "012345", length: 40 } },
    });
    expect((await get("/r")).headers.get("x-request-id")).toMatch(/^[0-5]{40}$/);
  });
});

it("request-id tells the client the id where a consumer's settings take the place of the route's", async () => {
  const { get, serve } = aPluginWorld();
  const consumers = {
    jack: { username: "jack", plugins: { "key-auth": { key: "k" }, "request-id": {} } },
  };
  await serve({ "key-auth": {}, "request-id": { algorithm: "nanoid" } }, { consumers });
  const answer = await get("/r", { headers: { apikey: "k" } });
  expect(answer.headers.get("x-request-id")).toMatch(FORMS.nanoid);
});
