import { expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { prompt } from "../../support/scripted-provider.ts";

const prepend = [{ role: "system", content: "be brief" }];
const append = [{ role: "user", content: "end with a joke" }];
const hello = { role: "user", content: "hello" };

it.each([
  [
    "a chat",
    "/r",
    { model: "m", messages: [hello] },
    { model: "m", messages: [...prepend, hello, ...append] },
  ],
  ["a body without messages", "/r", {}, { messages: [...prepend, ...append] }],
  [
    "Anthropic's messages",
    "/r/v1/messages",
    { messages: [hello] },
    { messages: [...prepend, hello, ...append] },
  ],
  [
    "the Responses API's text",
    "/r/v1/responses",
    { instructions: "own", input: "hello" },
    { instructions: "be brief\nown", input: "hello\nend with a joke" },
  ],
  [
    "the Responses API's items",
    "/r/v1/responses",
    { input: [hello] },
    {
      instructions: "be brief",
      input: [hello, { type: "message", role: "user", content: "end with a joke" }],
    },
  ],
  ["nothing of embeddings", "/r", { input: "hello" }, { input: "hello" }],
  ["nothing of what is no prompt", "/r", { any: 1 }, { any: 1 }],
])("ai-prompt-decorator adds to %s", async (_, path, body, wanted) => {
  const { get, seen, serve } = aPluginWorld();
  await serve({ "ai-prompt-decorator": { prepend, append } });
  expect((await get(path, prompt(body))).status).toBe(200);
  expect(JSON.parse(seen[0]?.body ?? "")).toEqual(wanted);
});

it.each([
  ["only before", { prepend }, [...prepend, hello]],
  ["only behind", { append }, [hello, ...append]],
])("ai-prompt-decorator adds %s", async (_, configuration, messages) => {
  const { get, seen, serve } = aPluginWorld();
  await serve({ "ai-prompt-decorator": configuration });
  await get("/r", prompt({ messages: [hello] }));
  expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ messages });
});

it.each([
  ["no body", { method: "POST" }, 400, "could not get body: request body is empty"],
  [
    "no JSON",
    prompt("{"),
    400,
    "could not parse JSON request body: Expected object key string but found T_END at character 2",
  ],
  ["no object", prompt("5"), 400, "could not parse JSON request body: it is no object"],
  [
    "too long a body",
    prompt("x".repeat(50)),
    413,
    "could not get body: request size is greater than the maximum size 40 allowed",
  ],
])("ai-prompt-decorator refuses %s", async (_, init, status, message) => {
  const { get, serve } = aPluginWorld();
  await serve({ "ai-prompt-decorator": { prepend, max_req_body_size: 40 } });
  const answer = await get("/r", init);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ message });
});
