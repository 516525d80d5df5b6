import { describe, expect, it } from "vitest";
import { anOpenWorld, openAi } from "../../../support/llm-world.ts";
import {
  aChat,
  aProvider,
  aStream,
  chatEvents,
  event,
  prompt,
} from "../../../support/scripted-provider.ts";

const PATH = "/r/v1/messages";
const hello = { role: "user", content: "hello" };

async function converted(body: object) {
  const { get, provider, serve } = anOpenWorld();
  await serve({ "ai-proxy": openAi() });
  const answer = await get(PATH, prompt({ model: "claude", messages: [hello], ...body }));
  return { answer, sent: provider.asked[0]?.body as Record<string, unknown> };
}

describe("a prompt of Anthropic's for a provider of OpenAI's chat", () => {
  it.each([
    [
      "its system prompt",
      { system: "be brief" },
      { messages: [{ role: "system", content: "be brief" }, hello] },
    ],
    [
      "a system prompt of blocks",
      {
        system: [
          { type: "text", text: "be " },
          { type: "text", text: "brief" },
        ],
      },
      { messages: [{ role: "system", content: "be brief" }, hello] },
    ],
    ["max_tokens", { max_tokens: 9 }, { max_completion_tokens: 9 }],
    ["stop_sequences", { stop_sequences: ["x"] }, { stop: ["x"] }],
    ["the user", { metadata: { user_id: "u" } }, { user: "u" }],
    ["what both have", { temperature: 0.5, top_p: 0.1 }, { temperature: 0.5, top_p: 0.1 }],
    ["what OpenAI does not know", { top_k: 5, thinking: { type: "enabled" } }, {}],
    [
      "tools",
      { tools: [{ name: "f", description: "d", input_schema: { type: "object" } }] },
      {
        tools: [
          {
            type: "function",
            function: { name: "f", description: "d", parameters: { type: "object" } },
          },
        ],
      },
    ],
    [
      "a choice of a tool",
      { tool_choice: { type: "tool", name: "f" } },
      { tool_choice: { type: "function", function: { name: "f" } } },
    ],
    ["a choice of any tool", { tool_choice: { type: "any" } }, { tool_choice: "required" }],
  ])("is told with %s", async (_, body, wanted) => {
    const { sent } = await converted(body);
    expect(sent).toEqual({ model: "claude", messages: [hello], ...wanted });
  });

  it("is told with pictures, calls of tools and their results", async () => {
    const messages = [
      {
        role: "user",
        content: [
          { type: "text", text: "what is it?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "text", text: "let me see" },
          { type: "tool_use", id: "t1", name: "look", input: { at: 1 } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t1", content: "a cat" },
          { type: "text", text: "and?" },
        ],
      },
    ];
    const { sent } = await converted({ messages });
    expect(sent.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "what is it?" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
        ],
      },
      {
        role: "assistant",
        content: "let me see",
        tool_calls: [
          { id: "t1", type: "function", function: { name: "look", arguments: '{"at":1}' } },
        ],
      },
      { role: "tool", tool_call_id: "t1", content: "a cat" },
      { role: "user", content: "and?" },
    ]);
  });

  it.each([
    ["no messages", { messages: [] }, "missing messages"],
    ["a message without a role", { messages: [{ content: "a" }] }, "invalid message at index 1"],
    [
      "a message without content",
      { messages: [hello, { role: "user" }] },
      "invalid message content at index 2",
    ],
    [
      "a source that is none",
      { messages: [{ role: "user", content: [{ type: "image", source: 5 }, 7, null] }] },
      undefined,
    ],
    ["a tool without a name", { tools: [{}] }, "invalid tool definition at index 1"],
  ])("is 400 for %s, and no failure of ours", async (_, body, reason) => {
    const { answer } = await converted(body);
    expect(answer.status).toBe(reason ? 400 : 200);
    if (reason) expect(await answer.json()).toEqual({ error_msg: reason });
  });

  it("is sent without the headers of Anthropic's that OpenAI does not know", async () => {
    const { get, provider, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi() });
    const headers = { "x-api-key": "client", "anthropic-version": "2023-06-01" };
    await get(PATH, prompt({ messages: [hello] }, headers));
    expect(provider.asked[0]?.headers.has("x-api-key")).toBe(false);
    expect(provider.asked[0]?.headers.has("anthropic-version")).toBe(false);
    expect(provider.asked[0]?.headers.get("authorization")).toBe("Bearer k");
  });

  it("goes as it is to a provider that knows it", async () => {
    const { get, provider, serve } = anOpenWorld(
      aProvider(() => Response.json({ type: "message" })),
    );
    await serve({ "ai-proxy": { provider: "anthropic", auth: {} } });
    const body = { messages: [hello], system: "s", max_tokens: 5, stream: true };
    const answer = await get(PATH, prompt(body, { "anthropic-version": "1" }));
    expect(await answer.json()).toEqual({ type: "message" });
    expect(provider.asked[0]?.url).toBe("https://api.anthropic.com/v1/messages");
    expect(provider.asked[0]?.body).toEqual(body);
    expect(provider.asked[0]?.headers.get("anthropic-version")).toBe("1");
  });
});

describe("an answer of OpenAI's chat for a client of Anthropic's", () => {
  it("has its text, its end and its usage", async () => {
    const { answer } = await converted({});
    expect(await answer.json()).toEqual({
      id: "chat-1",
      type: "message",
      role: "assistant",
      model: "claude",
      content: [{ type: "text", text: "Hello!" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 23, output_tokens: 8 },
    });
  });

  it.each([
    [
      "a tool's call",
      {
        choices: [
          {
            message: {
              content: null,
              tool_calls: [{ id: "c", function: { name: "f", arguments: '{"a":1}' } }],
            },
            finish_reason: "tool_calls",
          },
        ],
      },
      {
        content: [{ type: "tool_use", id: "c", name: "f", input: { a: 1 } }],
        stop_reason: "tool_use",
      },
    ],
    [
      "an end for its length",
      { choices: [{ message: { content: "a" }, finish_reason: "length" }] },
      { stop_reason: "max_tokens" },
    ],
    [
      "nothing said",
      { choices: [{ message: {} }] },
      { content: [{ type: "text", text: "" }], stop_reason: "end_turn" },
    ],
  ])("has %s", async (_, change, wanted) => {
    const { get, serve } = anOpenWorld(aProvider(() => Response.json(aChat("", change))));
    await serve({ "ai-proxy": openAi() });
    expect(await (await get(PATH, prompt({ messages: [hello] }))).json()).toMatchObject(wanted);
  });

  it.each([
    ["500 and the reason for what is none", { id: 1 }, 200, 500, "no choices in response"],
    ["the provider's own words for its errors", { error: "key" }, 401, 401, '{"error":"key"}'],
  ])("is %s", async (_, body, status, wanted, text) => {
    const { get, serve } = anOpenWorld(aProvider(() => Response.json(body, { status })));
    await serve({ "ai-proxy": openAi() });
    const answer = await get(PATH, prompt({ messages: [hello] }));
    expect([answer.status, await answer.text()]).toEqual([wanted, text]);
  });

  async function streamed(events: readonly string[]) {
    const { get, logged, serve } = anOpenWorld(aProvider(() => aStream(events)));
    await serve({ "ai-proxy": openAi(), "log-variables": {} });
    const answer = await get(PATH, prompt({ messages: [hello], stream: true }));
    return { answer, text: await answer.text(), variables: await logged() };
  }

  const dataOf = (text: string) =>
    [...text.matchAll(/^event: (.*)\ndata: (.*)\n\n/gm)].map(([, type, data]) => {
      const value = JSON.parse(data ?? "");
      expect(value.type).toBe(type);
      return value;
    });

  it("streams event by event, and tells the usage that comes last", async () => {
    const { text, variables } = await streamed(chatEvents("Hi", " you"));
    expect(dataOf(text)).toEqual([
      {
        type: "message_start",
        message: {
          id: "chat-1",
          type: "message",
          role: "assistant",
          model: "gpt-4-0613",
          content: [],
          usage: { input_tokens: 0, output_tokens: 0 },
        },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: " you" } },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { input_tokens: 5, output_tokens: 2 },
      },
      { type: "message_stop" },
    ]);
    expect(variables).toMatchObject({ llm_total_tokens: 7, request_type: "ai_stream" });
  });

  it("streams calls of tools, each as a block of its own", async () => {
    const delta = (more: object) => event({ choices: [{ delta: more }] });
    const call = (index: number, more: object) => delta({ tool_calls: [{ index, ...more }] });
    const { text } = await streamed([
      delta({ content: "so" }),
      call(0, { id: "a", function: { name: "f", arguments: "" } }),
      call(0, { function: { arguments: '{"x":' } }),
      call(0, { function: { arguments: "1}" } }),
      call(1, { id: "b", function: { name: "g", arguments: "{}" } }),
      event({ choices: [{ delta: {}, finish_reason: "tool_calls" }] }),
      "data: [DONE]\n\n",
    ]);
    const told = dataOf(text).map(({ type, index, delta, content_block: block }) =>
      [type, index, delta?.partial_json ?? delta?.text ?? block?.name].join(" ").trim(),
    );
    expect(told).toEqual([
      "message_start",
      "content_block_start 0",
      "content_block_delta 0 so",
      "content_block_stop 0",
      "content_block_start 1 f",
      'content_block_delta 1 {"x":',
      "content_block_delta 1 1}",
      "content_block_stop 1",
      "content_block_start 2 g",
      "content_block_delta 2 {}",
      "content_block_stop 2",
      "message_delta",
      "message_stop",
    ]);
  });

  it("tells an error in the midst of a stream", async () => {
    const { text } = await streamed([event({ error: { type: "overloaded", message: "later" } })]);
    expect(dataOf(text).at(-1)).toEqual({
      type: "error",
      error: { type: "overloaded", message: "later" },
    });
  });

  it("is 502 for a stream of which nothing can be told", async () => {
    const { answer, text } = await streamed(["event: ping\ndata: {bad\n\n"]);
    expect(answer.status).toBe(502);
    expect(text).toContain("without producing any output");
  });
});
