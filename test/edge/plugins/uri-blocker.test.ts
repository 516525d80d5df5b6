import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

async function answered(settings: object, path: string) {
  const { get, serve } = aPluginWorld();
  await serve({ "uri-blocker": settings });
  return get(path);
}

describe("uri-blocker", () => {
  it.each([
    [["root.exe", "\\.php"], "/r/x.php", 403],
    [["\\.php"], "/r/x%2Ephp", 403],
    [["\\.php"], "/r/x%252Ephp", 200],
    [["^/r/secret$"], "/r/a/../secret", 403],
    [["^/r/secret$"], "/r//secret", 403],
    [["q=1"], "/r?q=1", 403],
    [["q=1"], "/r?q=%31", 200],
    [["select.+from"], "/r?x=SELECT+a+FROM+b", 200],
    [["(?i)select.+from"], "/r?x=SELECT+a+FROM+b", 403],
    // An option inside a rule holds for those after it, as they are one pattern.
    [["(?i)union", "from"], "/r?FROM", 403],
    [["from", "(?i)union"], "/r?FROM", 200],
    [["é"], "/r/%C3%A9", 403],
    [[], "/r", 403],
  ])("with %j answers %s with %i", async (rules, path, status) => {
    expect((await answered({ block_rules: rules }, path)).status).toBe(status);
  });

  it("ignores case where it is to", async () => {
    const settings = { block_rules: ["\\.php"], case_insensitive: true };
    expect((await answered(settings, "/r/x.PHP")).status).toBe(403);
  });

  it("answers with nginx's page, or with the message", async () => {
    const page = await answered({ block_rules: ["r"] }, "/r");
    expect(await page.text()).toContain("<h1>403 Forbidden</h1>");
    const settings = { block_rules: ["r"], rejected_code: 451, rejected_msg: "blocked" };
    const told = await answered(settings, "/r");
    expect([told.status, await told.text()]).toEqual([451, '{"error_msg":"blocked"}\n']);
  });

  it.each([{ block_rules: ["("] }, { block_rules: ["r"], rejected_code: 1000 }])(
    "serves no route with %j",
    async (settings) => {
      expect((await answered(settings, "/r")).status).toBe(503);
    },
  );
});
