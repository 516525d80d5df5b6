import { describe, expect, it } from "vitest";
import { jack } from "../../support/consumers.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream } from "../../support/snapshots.ts";

async function world(configuration: object, path = "/r") {
  const opened = aPluginWorld();
  const { consumers } = jack({ "key-auth": { key: "jack" } }, { group_id: "g1" });
  const rose = { username: "rose", plugins: { "key-auth": { key: "rose" } } };
  const plugins = { "key-auth": {}, "consumer-restriction": configuration };
  await opened.serve(plugins, {
    consumers: { ...consumers, rose },
    consumer_groups: { g1: { id: "g1", plugins: {} } },
    services: { s1: { id: "s1" } },
  });
  const send = (apikey: string, method = "GET") =>
    opened.get(path, { method, headers: { apikey } });
  return { ...opened, send };
}

describe("consumer-restriction", () => {
  it.each<[object, string, string, number]>([
    [{ blacklist: ["jack"] }, "jack", "GET", 403],
    [{ blacklist: ["jack"] }, "rose", "GET", 200],
    [{ whitelist: ["jack"] }, "jack", "GET", 200],
    [{ whitelist: ["jack"] }, "rose", "GET", 403],
    [{ whitelist: ["jack"], blacklist: ["jack"] }, "jack", "GET", 403],
    [{ allowed_by_methods: [{ user: "jack", methods: ["GET"] }] }, "jack", "GET", 200],
    [{ allowed_by_methods: [{ user: "jack", methods: ["GET"] }] }, "jack", "POST", 403],
    [{ allowed_by_methods: [{ user: "jack", methods: ["GET"] }] }, "rose", "POST", 200],
    [{ allowed_by_methods: [{ user: "jack" }] }, "jack", "GET", 403],
    [
      { whitelist: ["jack"], allowed_by_methods: [{ user: "jack", methods: ["GET"] }] },
      "jack",
      "POST",
      200,
    ],
    [
      { whitelist: ["jack"], allowed_by_methods: [{ user: "rose", methods: ["GET"] }] },
      "rose",
      "GET",
      403,
    ],
    [{ type: "route_id", whitelist: ["r"] }, "jack", "GET", 200],
    [{ type: "route_id", blacklist: ["r"] }, "jack", "GET", 403],
    [{ type: "consumer_group_id", whitelist: ["g1"] }, "jack", "GET", 200],
    [{ type: "consumer_group_id", blacklist: ["g1"] }, "jack", "GET", 403],
    [{ type: "consumer_group_id", whitelist: ["g1"] }, "rose", "GET", 401],
    [{ type: "service_id", whitelist: ["s1"] }, "jack", "GET", 401],
    [{ blacklist: ["jack"], rejected_code: 503 }, "jack", "GET", 503],
  ])("%j answers %s's %s with %i", async (configuration, consumer, method, status) => {
    const { seen, send } = await world(configuration);
    expect((await send(consumer, method)).status).toBe(status);
    expect(seen).toHaveLength(status === 200 ? 1 : 0);
  });

  it("knows a route's service", async () => {
    const { get, publish } = aPluginWorld();
    const plugins = { "consumer-restriction": { type: "service_id", whitelist: ["s1"] } };
    const upstream = anUpstream(["u.test:80"]);
    const services = { s1: { id: "s1", upstream }, s2: { id: "s2", upstream } };
    const routeOf = (id: string) => ({ id, uri: `/${id}`, service_id: id, plugins, status: 1 });
    await publish({ services, routes: { s1: routeOf("s1"), s2: routeOf("s2") } });
    expect((await get("/s1")).status).toBe(200);
    expect(await (await get("/s2")).json()).toEqual({ message: "The service_id is forbidden." });
  });

  it("says why, or what it is told to say", async () => {
    const bodyOf = async (configuration: object, consumer: string) =>
      (await (await world(configuration)).send(consumer)).json();
    expect(await bodyOf({ blacklist: ["jack"] }, "jack")).toEqual({
      message: "The consumer_name is forbidden.",
    });
    expect(await bodyOf({ blacklist: ["jack"], rejected_msg: "go away" }, "jack")).toEqual({
      message: "go away",
    });
    expect(await bodyOf({ type: "consumer_group_id", blacklist: ["x"] }, "rose")).toEqual({
      message: "The request is rejected, please check the consumer_group_id for this request",
    });
  });

  it("refuses a status that no answer can have", async () => {
    const { send } = await world({ blacklist: ["jack"], rejected_code: 1000 });
    expect((await send("rose")).status).toBe(503);
  });
});
