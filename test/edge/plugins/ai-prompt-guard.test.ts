import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { prompt } from "../../support/scripted-provider.ts";

const said = (...messages: readonly (readonly [string, unknown])[]) => ({
  messages: messages.map(([role, content]) => ({ role, content })),
});

const DENIED = "Request contains prohibited content";
const NOT_ALLOWED = "Request doesn't match allow patterns";
const phone = { deny_patterns: ["\\d{3}-\\d{3}-\\d{4}"] };
const price = { allow_patterns: ["\\$?\\d+(\\.\\d+)?"] };

describe("ai-prompt-guard", () => {
  it.each([
    ["what no pattern denies", phone, said(["user", "hello"]), 200, undefined],
    ["what a pattern denies", phone, said(["user", "call 647-200-9393"]), 400, DENIED],
    ["what is allowed", price, said(["user", "paid $12.5"]), 200, undefined],
    ["what is not allowed", price, said(["user", "paid a bit"]), 400, NOT_ALLOWED],
    [
      "what is both allowed and denied",
      { ...phone, ...price },
      said(["user", "647-200-9393"]),
      400,
      DENIED,
    ],
    [
      "only the last message",
      phone,
      said(["user", "647-200-9393"], ["user", "hi"]),
      200,
      undefined,
    ],
    [
      "all messages, when asked to",
      { ...phone, match_all_conversation_history: true },
      said(["user", "647-200-9393"], ["user", "hi"]),
      400,
      DENIED,
    ],
    [
      "the user alone",
      { ...phone, match_all_conversation_history: true },
      said(["system", "647-200-9393"], ["user", "hi"]),
      200,
      undefined,
    ],
    [
      "all roles, when asked to",
      { ...phone, match_all_conversation_history: true, match_all_roles: true },
      said(["system", "647-200-9393"], ["user", "hi"]),
      400,
      DENIED,
    ],
    [
      "a last message that is nobody's but the user's",
      phone,
      said(["user", "647-200-9393"], ["assistant", "hi"]),
      200,
      undefined,
    ],
    [
      "parts of a message",
      phone,
      said([
        "user",
        [
          { type: "text", text: "call" },
          { type: "text", text: "647-200-9393" },
        ],
      ]),
      400,
      DENIED,
    ],
    ["a message without text", phone, said(["user", null]), 200, undefined],
    ["messages that are none", phone, { messages: [5, null, "647-200-9393"] }, 200, undefined],
    ["what goes into an embedding", phone, { input: ["a", "647-200-9393"] }, 400, DENIED],
  ])("judges %s", async (_, configuration, body, status, message) => {
    const { get, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": configuration });
    const answer = await get("/r", prompt(body));
    expect(answer.status).toBe(status);
    if (message) expect(await answer.json()).toEqual({ message });
  });

  it.each([
    ["Anthropic's", "/r/v1/messages", { system: "647-200-9393", messages: [] }],
    [
      "Anthropic's tool results",
      "/r/v1/messages",
      said(["user", [{ type: "tool_result", content: [{ type: "text", text: "647-200-9393" }] }]]),
    ],
    ["the Responses API's", "/r/v1/responses", { instructions: "a", input: "647-200-9393" }],
    [
      "the Responses API's items",
      "/r/v1/responses",
      {
        input: [
          { role: "user", content: [{ type: "input_text", text: "647-200-9393" }] },
          { role: "assistant", content: "hi" },
        ],
      },
    ],
    [
      "the Responses API's tool results",
      "/r/v1/responses",
      { input: [{ type: "function_call_output", output: "647-200-9393" }] },
    ],
  ])("knows %s messages", async (_, path, body) => {
    const { get, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": { ...phone, match_all_roles: true } });
    expect((await get(path, prompt(body))).status).toBe(400);
  });

  it.each([
    ["no body", { method: "POST" }, "Empty request body"],
    ["no JSON", prompt("{"), "Expected object key string but found T_END at character 2"],
  ])("answers %s with 400", async (_, init, message) => {
    const { get, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": phone });
    const answer = await get("/r", init);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message });
  });

  it("lets nothing pass that is too long to be judged", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": { ...phone, max_req_body_size: 10 } });
    expect((await get("/r", prompt(said(["user", "hello"])))).status).toBe(413);
  });

  it("sends on what it has judged, not another value of the same name", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": phone });
    const hidden =
      '{"messages":[{"role":"user","content":"647-200-9393"}],"messages":[{"role":"user","content":"hi"}]}';
    await get("/r", prompt(hidden));
    expect(seen[0]?.body).toBe('{"messages":[{"role":"user","content":"hi"}]}');
  });

  it.each([
    ["skip", 200, 0],
    ["warn", 200, 1],
    ["error", 400, 0],
  ])("goes by fail_mode %s for what is no prompt", async (failMode, status, lines) => {
    const { get, log, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": { ...phone, fail_mode: failMode } });
    expect((await get("/r", prompt({ any: "647-200-9393" }))).status).toBe(status);
    expect(log).toHaveLength(lines);
  });

  it.each(["[ä-ü]", "ä+", "(?i)Ä", "(", "(?{1})"])("refuses the pattern %s", async (pattern) => {
    const { get, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": { deny_patterns: [pattern] } });
    expect((await get("/r", prompt(said(["user", "hi"])))).status).toBe(503);
  });

  it("finds characters beyond ASCII", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "ai-prompt-guard": { deny_patterns: ["gehe?im|秘密"] } });
    expect((await get("/r", prompt(said(["user", "ein 秘密!"])))).status).toBe(400);
  });
});
