import { describe, expect, it } from "vitest";
import { jack, roseAndAnon, together, toldOf } from "../../support/consumers.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

const CONSUMERS = together(
  jack({ "key-auth": { key: "key-jack" } }),
  roseAndAnon({ "key-auth": { key: "key, of rose" } }),
);

async function world(configuration: object = {}) {
  const opened = aPluginWorld();
  await opened.serve({ "key-auth": configuration }, CONSUMERS);
  return opened;
}

describe("key-auth", () => {
  it.each<[string, string, Record<string, string>]>([
    ["a header", "/r", { apikey: "key-jack" }],
    ["an argument", "/r?apikey=key-jack", {}],
    ["an encoded argument", "/r?a=1&apikey=key%2Djack", {}],
    ["a header beside a wrong argument", "/r?apikey=wrong", { apikey: "key-jack" }],
    ["two headers, of which the first counts", "/r", { apikey: "key-jack, other" }],
  ])("lets in who has a key in %s", async (_, path, headers) => {
    const { get, seen } = await world();
    const answer = await get(path, { headers });
    expect(answer.status).toBe(200);
    expect(toldOf(seen[0]?.headers)).toEqual({
      "x-consumer-username": "jack",
      "x-credential-identifier": null,
      "x-consumer-custom-id": null,
    });
  });

  it("tells the upstream of the credential, and takes a key with a comma for one", async () => {
    const { get, seen } = await world();
    await get("/r", { headers: { apikey: "key, of rose", "x-consumer-username": "spoof" } });
    expect(toldOf(seen[0]?.headers)).toEqual({
      "x-consumer-username": "rose",
      "x-credential-identifier": "c1",
      "x-consumer-custom-id": "r9",
    });
  });

  it.each<[string, string, Record<string, string>, string]>([
    ["no key", "/r", {}, "Missing API key in request"],
    ["an unknown key", "/r", { apikey: "nope" }, "Invalid API key in request"],
    ["an empty header", "/r?apikey=key-jack", { apikey: "" }, "Invalid API key in request"],
    [
      "a good argument beside a bad header",
      "/r?apikey=key-jack",
      { apikey: "x" },
      "Invalid API key in request",
    ],
    ["an argument twice", "/r?apikey=key-jack&apikey=key-jack", {}, "Invalid API key in request"],
    ["an argument without a value", "/r?apikey", {}, "Invalid API key in request"],
    ["a key behind another", "/r", { apikey: "nope, key-jack" }, "Invalid API key in request"],
    ["the key in another case", "/r", { apikey: "KEY-jack" }, "Invalid API key in request"],
  ])("answers 401 to %s", async (_, path, headers, message) => {
    const { get, seen } = await world();
    const answer = await get(path, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('apikey realm="key"');
    expect(await answer.json()).toEqual({ message });
    expect(seen).toEqual([]);
  });

  it("looks where it is told to, and names its realm", async () => {
    const { get } = await world({ header: "X-Key", query: "k", realm: "my own" });
    expect((await get("/r", { headers: { "x-key": "key-jack" } })).status).toBe(200);
    expect((await get("/r?k=key-jack")).status).toBe(200);
    const answer = await get("/r", { headers: { apikey: "key-jack" } });
    expect(answer.headers.get("www-authenticate")).toBe('apikey realm="my own"');
  });

  it("answers nginx's 400 to two Authorization lines", async () => {
    const { get } = await world({ header: "Authorization" });
    expect((await get("/r", { headers: { authorization: "key-jack" } })).status).toBe(200);
    const answer = await get("/r", { headers: { authorization: "wrong, other" } });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("<center><h1>400 Bad Request</h1></center>");
  });

  it("hides the place that had the key, and no other", async () => {
    const { get, seen } = await world({ hide_credentials: true });
    await get("/r?b=%20+&apikey=x&a", { headers: { apikey: "key-jack" } });
    await get("/r?b=%20+&apikey=key-jack&a");
    expect(seen.map(({ target }) => target)).toEqual(["/r?b=%20+&apikey=x&a", "/r?b=%20%20&a"]);
    expect(seen.map(({ headers }) => headers.has("apikey"))).toEqual([false, false]);
  });

  it("serves others as the anonymous consumer, and hides what they tried", async () => {
    const { get, seen } = await world({ anonymous_consumer: "anon", hide_credentials: true });
    const spoofed = { "x-credential-identifier": "c1", "x-consumer-custom-id": "r9" };
    const answer = await get("/r?apikey=y", { headers: { apikey: "x", ...spoofed } });
    expect(answer.status).toBe(200);
    expect(answer.headers.has("www-authenticate")).toBe(false);
    expect(seen[0]?.target).toBe("/r");
    expect(seen[0]?.headers.has("apikey")).toBe(false);
    expect(toldOf(seen[0]?.headers)).toEqual({
      "x-consumer-username": "anon",
      "x-credential-identifier": null,
      "x-consumer-custom-id": null,
    });
  });

  it("answers 401 where there is no such anonymous consumer", async () => {
    const { get } = await world({ anonymous_consumer: "nobody" });
    const answer = await get("/r");
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ message: "Invalid user authorization" });
  });

  it("refuses a realm that would end its header", async () => {
    const { get } = await world({ realm: 'a"b' });
    expect((await get("/r", { headers: { apikey: "key-jack" } })).status).toBe(503);
  });

  it("finds a consumer by what its reference stands for, and nobody by one that has no meaning", async () => {
    const resolveSecret = (reference: string) =>
      reference === "$env://KEY" ? "from the environment" : undefined;
    const { get, serve } = aPluginWorld({ resolveSecret });
    const rose = { username: "rose", plugins: { "key-auth": { key: "$env://NONE" } } };
    const { consumers } = jack({ "key-auth": { key: "$env://KEY" } });
    await serve({ "key-auth": {} }, { consumers: { ...consumers, rose } });
    const statusOf = async (apikey: string) => (await get("/r", { headers: { apikey } })).status;
    expect(await statusOf("from the environment")).toBe(200);
    expect(await statusOf("$env://KEY")).toBe(401);
    expect(await statusOf("$env://NONE")).toBe(401);
  });
});
