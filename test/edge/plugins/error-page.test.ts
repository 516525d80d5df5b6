import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const PAGES = {
  enable: true,
  error_404: { body: "<p>not here</p>" },
  error_503: { body: '{"code":503}', content_type: "application/json" },
  error_418: { body: "short and stout" },
};

const withPages = (pages: object) => ({
  global_rules: { g: { plugins: { "error-page": {} } } },
  plugin_metadata: { "error-page": pages },
});

async function aWorldWithPages(pages: object = PAGES, options = {}) {
  const world = aPluginWorld(options);
  await world.serve({}, withPages(pages));
  return world;
}

describe("error-page", () => {
  it("takes the place of the gateway's own answers", async () => {
    const { get } = await aWorldWithPages();
    const answer = await get("/nowhere");
    expect([answer.status, await answer.text()]).toEqual([404, "<p>not here</p>"]);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-length")).toBe("15");
  });

  it.each([
    [503, '{"code":503}', "application/json"],
    [418, "short and stout", null],
  ])("takes the place of a plugin's %i", async (http_status, body, type) => {
    const { get, serve } = aPluginWorld();
    await serve({ "fault-injection": { abort: { http_status } } }, withPages(PAGES));
    const answer = await get("/r");
    expect([answer.status, await answer.text()]).toEqual([http_status, body]);
    expect(answer.headers.get("content-type")).toBe(type);
  });

  it("leaves what an upstream answers", async () => {
    const upstream = () => new Response("theirs", { status: 404 });
    const { get } = await aWorldWithPages(PAGES, { upstream });
    expect(await (await get("/r")).text()).toBe("theirs");
  });

  it.each([
    ["it is not enabled", { ...PAGES, enable: false }],
    ["there is no page for the status", { enable: true, error_500: { body: "x" } }],
    ["the page has no body", { enable: true, error_404: {} }],
  ])("leaves the answer where %s", async (_, pages) => {
    const { get } = await aWorldWithPages(pages);
    expect(await (await get("/nowhere")).text()).toBe('{"error_msg":"404 Route Not Found"}\n');
  });

  it("tells HEAD the length and sends no page", async () => {
    const { get } = await aWorldWithPages();
    const answer = await get("/nowhere", { method: "HEAD" });
    expect([answer.headers.get("content-length"), await answer.text()]).toEqual(["15", ""]);
  });
});
