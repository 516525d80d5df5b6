import { expect, it } from "vitest";
import { openAi } from "../../../support/llm-world.ts";
import { aLogWorld } from "../../../support/log-world.ts";
import { aChat, HELLO, prompt } from "../../../support/scripted-provider.ts";

/** A provider that answers `status`, and a logger whose entries are looked at. */
function aWorld(status = 200) {
  return aLogWorld(({ url }) =>
    url.startsWith("https://api.openai.com")
      ? Response.json(aChat("Hello!"), { status })
      : new Response(null),
  );
}

async function entryOf(world: ReturnType<typeof aWorld>, logger: object, logging: object) {
  const uri = "http://logs.test/";
  await world.serve({
    "ai-proxy": openAi({ logging }),
    "http-logger": { uri, batch_max_size: 1, ...logger },
  });
  await (await world.get("/r", prompt(HELLO))).text();
  await world.settled();
  return JSON.parse(world.sent.find(({ url }) => url === uri)?.body ?? "");
}

it.each([
  ["the default one", {}],
  ["one of its own", { log_format: { host: "$host" } }],
])("an entry has summary, prompt and answer in whatever format: %s", async (_, logger) => {
  const entry = await entryOf(aWorld(), logger, { summaries: true, payloads: true });
  expect(entry).toMatchObject({
    llm_summary: { request_model: "gpt-4", model: "gpt-4", prompt_tokens: 23, total_tokens: 31 },
    llm_request: { messages: HELLO.messages, stream: false },
    llm_response_text: { content: "Hello!" },
  });
});

it("an entry has none of them unless the proxy is told to log them", async () => {
  const entry = await entryOf(aWorld(), {}, {});
  expect(Object.keys(entry).filter((name) => name.startsWith("llm_"))).toEqual([]);
});

it("an answer counts as the upstream's, as far as logs go", async () => {
  const log_format = { type: "$upstream_http_content_type", status: "$upstream_status" };
  const entry = await entryOf(aWorld(503), { log_format }, {});
  expect(entry).toMatchObject({ type: "application/json", status: "503" });
});
