import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

async function statusOf(settings: object, agent: string | undefined) {
  const { get, serve } = aPluginWorld();
  await serve({ "ua-restriction": settings });
  const headers = agent === undefined ? {} : { "user-agent": agent };
  return (await get("/r", { headers })).status;
}

describe("ua-restriction", () => {
  it.each([
    [{ allowlist: ["^curl", "v\\d+$"] }, "curl/8", 200],
    [{ allowlist: ["^curl", "v\\d+$"] }, "app v12", 200],
    [{ allowlist: ["^curl"] }, "Curl/8", 403],
    [{ allowlist: ["(?i)^curl"] }, "Curl/8", 200],
    [{ denylist: ["bot"] }, "Googlebot", 403],
    [{ denylist: ["bot"] }, "curl", 200],
    [{ denylist: ["^é.$"] }, "é", 200],
    [{ denylist: ["bot"] }, undefined, 403],
    [{ allowlist: ["."] }, undefined, 403],
    [{ denylist: ["bot"], bypass_missing: true }, undefined, 200],
    [{ allowlist: ["bot"], bypass_missing: true }, undefined, 200],
  ])("%j answers %j with %i", async (settings, agent, status) => {
    expect(await statusOf(settings, agent)).toBe(status);
  });

  it("denies whoever sends a denied agent beside a harmless one", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "ua-restriction": { denylist: ["bad"] } });
    const headers = new Headers({ "user-agent": "ok" });
    headers.append("user-agent", "bad");
    const answer = await get("/r", { headers });
    expect([answer.status, await answer.text()]).toEqual([403, '{"message":"Not allowed"}\n']);
  });

  it("refuses a pattern that JavaScript has nothing like", async () => {
    expect(await statusOf({ denylist: ["(?R)"] }, "curl")).toBe(503);
  });
});
