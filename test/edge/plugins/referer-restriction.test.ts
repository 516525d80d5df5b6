import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const HOSTS = ["a.com", "*.b.com", "*d.org"];

async function statusOf(settings: object, referer: string | undefined) {
  const { get, serve } = aPluginWorld();
  await serve({ "referer-restriction": settings });
  const headers = referer === undefined ? {} : { referer };
  return (await get("/r", { headers })).status;
}

describe("referer-restriction", () => {
  it.each([
    ["http://a.com/x", true],
    ["https://a.com:8443", true],
    ["//a.com/", true],
    ["http://x.b.com?y", true],
    ["http://xd.org/", true],
    ["http://b.com/", false],
    ["http://A.com/", false],
    ["http://a.com.evil.org/", false],
    ["http://evil.org/http://a.com/", false],
    ["http://evil.org?a.com", false],
  ])("reads the host of %s", async (referer, isListed) => {
    expect(await statusOf({ whitelist: HOSTS }, referer)).toBe(isListed ? 200 : 403);
    expect(await statusOf({ blacklist: HOSTS }, referer)).toBe(isListed ? 403 : 200);
  });

  it.each([undefined, "a.com", "HTTP://a.com/", "ftp://a.com/", "http://", "about:blank"])(
    "takes %j for none",
    async (referer) => {
      expect(await statusOf({ blacklist: HOSTS }, referer)).toBe(403);
      expect(await statusOf({ whitelist: HOSTS, bypass_missing: true }, referer)).toBe(200);
    },
  );

  it("answers with its message", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "referer-restriction": { whitelist: HOSTS } });
    expect(await (await get("/r")).text()).toBe('{"message":"Your referer host is not allowed"}\n');
  });
});
