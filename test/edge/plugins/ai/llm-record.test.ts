import { describe, expect, it } from "vitest";
import { anOpenWorld, openAi } from "../../../support/llm-world.ts";
import {
  aProvider,
  aStream,
  chatEvents,
  HELLO,
  prompt,
} from "../../../support/scripted-provider.ts";

describe("the variables of ai-proxy", () => {
  it("tell of a whole answer", async () => {
    const { get, logged, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi({ options: { model: "gpt-mine" } }), "log-variables": {} });
    await (await get("/r", prompt({ ...HELLO, user: "u1", tools: [{}, {}] }))).text();
    expect(await logged()).toMatchObject({
      request_type: "ai_chat",
      request_llm_model: "gpt-4",
      llm_model: "gpt-mine",
      llm_prompt_tokens: 23,
      llm_completion_tokens: 8,
      llm_total_tokens: 31,
      llm_time_to_first_token: 7,
      llm_stream: "false",
      llm_tool_count: 2,
      llm_end_user_id: "u1",
      balancer_ip: "ai-proxy-openai",
      upstream_addr: "api.openai.com:443",
      upstream_status: "200",
    });
  });

  it("tell of a stream, once it has passed", async () => {
    const { get, logged, serve } = anOpenWorld(aProvider(() => aStream(chatEvents("Hi", " you"))));
    await serve({ "ai-proxy": openAi(), "log-variables": {} });
    await (await get("/r", prompt({ ...HELLO, stream: true }))).text();
    expect(await logged()).toMatchObject({
      request_type: "ai_stream",
      llm_prompt_tokens: 5,
      llm_completion_tokens: 2,
      llm_total_tokens: 7,
      llm_stream: "true",
    });
  });

  it("are those of no prompt on other routes", async () => {
    const { get, logged, serve } = anOpenWorld();
    await serve({ "log-variables": {} });
    await (await get("/r")).text();
    expect(await logged()).toMatchObject({
      request_type: "traditional_http",
      llm_model: "",
      llm_total_tokens: "0",
    });
  });

  it("hold summaries and payloads where logging asks for them", async () => {
    const { get, logged, serve } = anOpenWorld();
    const logging = { summaries: true, payloads: true };
    await serve({ "ai-proxy": openAi({ logging }), "log-variables": {} });
    await (await get("/r", prompt(HELLO))).text();
    expect(await logged()).toMatchObject({
      llm_summary: { request_model: "gpt-4", model: "gpt-4", total_tokens: 31, duration: 7 },
      llm_request: { messages: HELLO.messages, stream: false },
      llm_response_text: { content: "Hello!" },
    });
  });

  it("hold none of them else", async () => {
    const { get, logged, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi(), "log-variables": {} });
    await (await get("/r", prompt(HELLO))).text();
    const variables = await logged();
    expect(variables.llm_summary).toBeUndefined();
    expect(variables.llm_response_text).toBeUndefined();
  });
});
