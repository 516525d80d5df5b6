import { expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { prompt } from "../../support/scripted-provider.ts";

const content = "Explain {{ what }} with {* how *}.";
const templates = [
  { name: "teach", template: { model: "gpt-4", messages: [{ role: "user", content }] } },
  { name: "teach", template: { model: "never" } },
];

async function filled(body: unknown) {
  const { get, seen, serve } = aPluginWorld();
  await serve({ "ai-prompt-template": { templates } });
  const answer = await get("/r", prompt(body));
  return { answer, sent: seen[0]?.body };
}

it("ai-prompt-template fills in what the client says, escaped for HTML or raw", async () => {
  const what = 'a "<b>" & c';
  const { sent } = await filled({ template_name: "teach", what, how: "love" });
  const said = "Explain a &quot;&lt;b&gt;&quot; &amp; c with love.";
  expect(JSON.parse(sent ?? "")).toEqual({
    model: "gpt-4",
    messages: [{ role: "user", content: said }],
  });
});

it("ai-prompt-template leaves out what the client does not say", async () => {
  const { sent } = await filled({ template_name: "teach" });
  expect(JSON.parse(sent ?? "").messages[0].content).toBe("Explain  with .");
});

it.each([
  ["no name", { what: 1 }, "template name is missing in request."],
  ["a name that is none of its own", { template_name: "zz" }, "template: zz not configured."],
  ["a list", [1], "template name is missing in request."],
])("ai-prompt-template answers %s with 400", async (_, body, message) => {
  const { answer } = await filled(body);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ message });
});

it("ai-prompt-template answers a request without a body with 400", async () => {
  const { get, serve } = aPluginWorld();
  await serve({ "ai-prompt-template": { templates } });
  const answer = await get("/r", { method: "POST" });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ message: "could not get body: request body is empty" });
});

it("ai-prompt-template is refused for a template that needs Lua", async () => {
  const { get, serve } = aPluginWorld();
  const template = { messages: [{ role: "user", content: "{% os.exit() %}" }] };
  await serve({ "ai-prompt-template": { templates: [{ name: "lua", template }] } });
  expect((await get("/r", prompt({ template_name: "lua" }))).status).toBe(503);
});
