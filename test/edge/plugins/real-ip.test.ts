import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

/** What a route with these settings tells its upstream of a client at 192.0.2.1. */
async function toldOf(settings: object, headers: Record<string, string>, path = "/r") {
  const { get, seen, serve } = aPluginWorld();
  await serve({ "real-ip": settings });
  await get(path, { headers });
  return seen[0]?.headers.get("x-real-ip");
}

const BY_LIST = { source: "http_x_forwarded_for" };

describe("real-ip", () => {
  it.each([
    ["10.0.0.5", "10.0.0.5"],
    ["10.0.0.5:81", "10.0.0.5"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["[::1]:90", "::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["garbage", "192.0.2.1"],
    ["256.1.1.1", "192.0.2.1"],
    ["10.0.0.5:0", "192.0.2.1"],
    ["10.0.0.5:65536", "192.0.2.1"],
    ["[10.0.0.5]:80", "192.0.2.1"],
    ["[::1]x", "192.0.2.1"],
    ["", "192.0.2.1"],
  ])("takes the header %j for %s", async (value, address) => {
    expect(await toldOf({ source: "http_x_ip" }, { "x-ip": value })).toBe(address);
  });

  it.each([
    ["1.1.1.1, 10.0.0.5", "10.0.0.5"],
    ["1.1.1.1,10.0.0.5", "10.0.0.5"],
    ["10.0.0.5", "10.0.0.5"],
    ["10.0.0.5 , garbage", "192.0.2.1"],
    ["10.0.0.5,", "192.0.2.1"],
  ])("takes the last of the list %j: %s", async (list, address) => {
    expect(await toldOf(BY_LIST, { "x-forwarded-for": list })).toBe(address);
  });

  it.each([
    ["8.8.8.8, 10.0.0.5, 10.0.0.6", "8.8.8.8"],
    ["8.8.8.8, 9.9.9.9, 10.0.0.6", "9.9.9.9"],
    ["10.0.0.4, 10.0.0.5", "10.0.0.4"],
    ["10.0.0.4", "10.0.0.4"],
  ])("recursively, takes %j past the trusted: %s", async (list, address) => {
    const settings = {
      ...BY_LIST,
      recursive: true,
      trusted_addresses: ["10.0.0.0/8", "192.0.2.1"],
    };
    expect(await toldOf(settings, { "x-forwarded-for": list })).toBe(address);
  });

  it("believes nobody whom it does not trust", async () => {
    const settings = { source: "http_x_ip", trusted_addresses: ["10.0.0.0/8"] };
    expect(await toldOf(settings, { "x-ip": "1.1.1.1" })).toBe("192.0.2.1");
  });

  it("asks any variable for the address", async () => {
    expect(await toldOf({ source: "arg_ip" }, {}, "/r?ip=1.1.1.1")).toBe("1.1.1.1");
    expect(await toldOf({ source: "arg_ip" }, {}, "/r?ip")).toBe("192.0.2.1");
    expect(await toldOf({ source: "cookie_ip" }, { cookie: "ip=1.1.1.1" })).toBe("1.1.1.1");
  });

  it("changes the address for later plugins and the access log, not the peer's", async () => {
    const { accessLog, get, seen, serve } = aPluginWorld();
    const set = { "x-seen": "$remote_addr:$remote_port of $realip_remote_addr" };
    await serve({
      "real-ip": { source: "http_x_ip" },
      "ip-restriction": { blacklist: ["1.1.1.1"] },
      "proxy-rewrite": { headers: { set } },
    });
    expect((await get("/r", { headers: { "x-ip": "1.1.1.1" } })).status).toBe(403);
    await get("/r", { headers: { "x-ip": "1.1.1.2:90" } });
    expect(seen[0]?.headers.get("x-seen")).toBe("1.1.1.2:90 of 192.0.2.1");
    expect(seen[0]?.headers.get("x-forwarded-for")).toBe("1.1.1.2");
    expect(accessLog.map(({ client }) => client)).toEqual(["1.1.1.1", "1.1.1.2"]);
  });
});
