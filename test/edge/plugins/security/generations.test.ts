import { expect, it } from "vitest";
import { roseAndAnon } from "../../../support/consumers.ts";
import { aPluginWorld } from "../../../support/plugin-world.ts";
import { signedToken } from "../../../support/web-tokens.ts";

const KEYS = { "key-auth": { key: "k-rose" }, "jwt-auth": { key: "k-rose", secret: "first" } };
const WORLD = roseAndAnon(KEYS);
const credential = (plugins: object) => ({
  ...WORLD,
  credentials: { "rose/credentials/c1": { id: "rose/credentials/c1", plugins } },
});

/** Everything that an isolate may keep of a credential is filled before it is taken away. */
it.each<[string, object]>([
  ["deleted", { ...WORLD, credentials: {} }],
  ["switched off", credential({ "key-auth": { key: "k-rose", _meta: { disable: true } } })],
  ["given another key", credential({ "key-auth": { key: "k-new" } })],
  ["left without its consumer", { ...credential(KEYS), consumers: { anon: { username: "anon" } } }],
])("a credential that is %s opens nothing from the next generation on", async (_, next) => {
  const { get, serve } = aPluginWorld();
  await serve({ "key-auth": {} }, WORLD);
  const send = async () => (await get("/r", { headers: { apikey: "k-rose" } })).status;
  expect([await send(), await send()]).toEqual([200, 200]);
  await serve({ "key-auth": {} }, next);
  expect([await send(), await send()]).toEqual([401, 401]);
});

it("a secret that was changed is the old one no more, and a key's new holder is another", async () => {
  const { get, seen, serve } = aPluginWorld();
  const token = (secret: string) => signedToken({ payload: { key: "k-rose" }, secret });
  const [first, second] = [await token("first"), await token("second")];
  const send = async (authorization: string) =>
    (await get("/r", { headers: { authorization } })).status;
  await serve({ "jwt-auth": {} }, WORLD);
  expect([await send(first), await send(second)]).toEqual([200, 401]);
  const plugins = { "jwt-auth": { key: "k-rose", secret: "second" } };
  const mallory = { username: "mallory", plugins };
  await serve({ "jwt-auth": {} }, { consumers: { mallory } });
  expect([await send(first), await send(second)]).toEqual([401, 200]);
  expect(seen.map(({ headers }) => headers.get("x-consumer-username"))).toEqual([
    "rose",
    "mallory",
  ]);
});

it("plugins of a consumer, and those of its group, never reach another's requests", async () => {
  const { get, seen, serve } = aPluginWorld();
  const zone = (name: string) => ({ "proxy-rewrite": { headers: { set: { "x-zone": name } } } });
  const consumers = {
    jack: { username: "jack", plugins: { "key-auth": { key: "k-jack" }, ...zone("jack") } },
    rose: { username: "rose", group_id: "g", plugins: { "key-auth": { key: "k-rose" } } },
    anon: { username: "anon" },
  };
  const consumer_groups = { g: { id: "g", plugins: zone("group") } };
  await serve({ "key-auth": { anonymous_consumer: "anon" } }, { consumers, consumer_groups });
  for (const apikey of ["k-jack", "k-rose", "none", "k-jack", "none"]) {
    await get("/r", { headers: { apikey } });
  }
  const zones = seen.map(({ headers }) => headers.get("x-zone"));
  expect(zones).toEqual(["jack", "group", null, "jack", null]);
});
