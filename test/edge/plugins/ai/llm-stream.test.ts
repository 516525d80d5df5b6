import { describe, expect, it } from "vitest";
import { anOpenWorld, openAi } from "../../../support/llm-world.ts";
import {
  aChat,
  aProvider,
  aStream,
  chatEvents,
  event,
  HELLO,
  prompt,
} from "../../../support/scripted-provider.ts";

const STREAM = { ...HELLO, stream: true };

/** A stream that goes on as long as the test has it, and tells whether anybody listens. */
function anOpenStream() {
  const pieces = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const stopped = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => pieces.resolve(controller),
    cancel: () => stopped.resolve(),
  });
  const headers = { "content-type": "text/event-stream" };
  return {
    response: new Response(body, { headers }),
    pieces: pieces.promise,
    stopped: stopped.promise,
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a stream of ai-proxy", () => {
  it("is passed on byte by byte, with its Content-Type", async () => {
    const events = [": comment\n\n", ...chatEvents("Hi", " you")];
    const { get, serve } = anOpenWorld(aProvider(() => aStream(events)));
    await serve({ "ai-proxy": openAi() });
    const answer = await get("/r", prompt(STREAM));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(await answer.text()).toBe(events.join(""));
  });

  it("reaches the client while the provider is still at it", async () => {
    const open = anOpenStream();
    const { get, serve } = anOpenWorld(aProvider(() => open.response));
    await serve({ "ai-proxy": openAi() });
    const pieces = await Promise.all([open.pieces]);
    pieces[0].enqueue(bytes(event({ n: 1 })));
    const answer = await get("/r", prompt(STREAM));
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    expect(new TextDecoder().decode(first.value)).toBe(event({ n: 1 }));
    pieces[0].enqueue(bytes(event({ n: 2 })));
    const second = await reader.read();
    expect(new TextDecoder().decode(second.value)).toBe(event({ n: 2 }));
    pieces[0].close();
    expect((await reader.read()).done).toBe(true);
  });

  it("ends at the provider when the client leaves", async () => {
    const open = anOpenStream();
    const provider = aProvider(() => open.response);
    const { get, serve } = anOpenWorld(provider);
    await serve({ "ai-proxy": openAi() });
    (await open.pieces).enqueue(bytes(event({ n: 1 })));
    const answer = await get("/r", prompt(STREAM));
    await answer.body?.cancel();
    await open.stopped;
    expect(provider.asked[0]?.signal.aborted).toBe(true);
  });

  it("tells the usage, wherever its events are cut", async () => {
    const whole = chatEvents("Grüße", " 👋").join("");
    for (const size of [1, 2, 3, 7, 50]) {
      const all = bytes(whole);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < all.length; at += size)
            controller.enqueue(all.slice(at, at + size));
          controller.close();
        },
      });
      const headers = { "content-type": "text/event-stream; charset=utf-8" };
      const { get, logged, serve } = anOpenWorld(aProvider(() => new Response(body, { headers })));
      const logging = { payloads: true };
      await serve({ "ai-proxy": openAi({ logging }), "log-variables": {} });
      expect(await (await get("/r", prompt(STREAM))).text()).toBe(whole);
      expect(await logged()).toMatchObject({
        llm_total_tokens: 7,
        llm_response_text: { content: "Grüße 👋" },
      });
    }
  });

  it("is cut where it is longer than max_response_bytes, behind the piece that passes it", async () => {
    const events = chatEvents("a", "b", "c");
    const provider = aProvider(() => aStream(events));
    const { get, log, serve } = anOpenWorld(provider);
    await serve({ "ai-proxy": openAi({ max_response_bytes: (events[0]?.length ?? 0) + 1 }) });
    const answer = await get("/r", prompt(STREAM));
    expect(await answer.text()).toBe(events.slice(0, 2).join(""));
    expect(provider.asked[0]?.signal.aborted).toBe(true);
    expect(log.join()).toContain("max_response_bytes exceeded");
  });

  it("is cut when max_stream_duration_ms are over, also where nothing comes", async () => {
    const open = anOpenStream();
    const { get, log, serve } = anOpenWorld(aProvider(() => open.response));
    await serve({ "ai-proxy": openAi({ max_stream_duration_ms: 30 }) });
    (await open.pieces).enqueue(bytes(event({ n: 1 })));
    const answer = await get("/r", prompt(STREAM));
    expect(await answer.text()).toBe(event({ n: 1 }));
    expect(log.join()).toContain("max_stream_duration_ms exceeded");
  });

  it("is 504 when they are over before there was anything", async () => {
    const open = anOpenStream();
    const { get, serve } = anOpenWorld(aProvider(() => open.response));
    await serve({ "ai-proxy": openAi({ max_stream_duration_ms: 10 }) });
    const answer = await get("/r", prompt(STREAM));
    expect(answer.status).toBe(504);
    expect(await answer.text()).toBe("max_stream_duration_ms exceeded");
  });

  it("is 504 where no first piece comes in time, and breaks off where no later one does", async () => {
    const first = anOpenStream();
    const later = anOpenStream();
    const streams = [first, later].values();
    const provider = aProvider(() => (streams.next().value as typeof first).response);
    const { get, serve } = anOpenWorld(provider);
    await serve({ "ai-proxy": openAi({ timeout: 10 }) });
    expect((await get("/r", prompt(STREAM))).status).toBe(504);
    (await later.pieces).enqueue(bytes(event({ n: 1 })));
    const answer = await get("/r", prompt(STREAM));
    await expect(answer.text()).rejects.toThrow("nothing came for 10 ms");
    expect(provider.asked[1]?.signal.aborted).toBe(true);
  });

  it("is 500 where the provider breaks off before there was anything", async () => {
    const open = anOpenStream();
    const { get, serve } = anOpenWorld(aProvider(() => open.response));
    await serve({ "ai-proxy": openAi() });
    (await open.pieces).error(new Error("reset"));
    expect((await get("/r", prompt(STREAM))).status).toBe(500);
  });

  it("ends at the provider where an error_response takes its place", async () => {
    const open = anOpenStream();
    const response = new Response(open.response.body, { status: 404 });
    response.headers.set("content-type", "text/event-stream");
    const { get, serve } = anOpenWorld(aProvider(() => response));
    await serve({ "ai-proxy": openAi({ _meta: { error_response: "no" } }) });
    (await open.pieces).enqueue(bytes(event({ n: 1 })));
    const answer = await get("/r", prompt(STREAM));
    expect([answer.status, await answer.text()]).toEqual([404, "no"]);
    await open.stopped;
  });

  it("may be empty", async () => {
    const { get, serve } = anOpenWorld(aProvider(() => aStream([])));
    await serve({ "ai-proxy": openAi() });
    const answer = await get("/r", prompt(STREAM));
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });

  it("is a whole answer where the provider does not stream", async () => {
    const { get, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi() });
    expect(await (await get("/r", prompt(STREAM))).json()).toEqual(aChat("Hello!"));
  });

  it("of the Responses API and of Anthropic tells its usage too", async () => {
    const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
    const responses = [
      `event: response.output_text.delta\n${event({ delta: "Hi" })}`,
      `event: response.completed\n${event({ response: { usage } })}`,
    ];
    const messages = [
      `event: message_start\n${event({ message: { usage: { input_tokens: 3, output_tokens: 1 } } })}`,
      `event: content_block_delta\n${event({ delta: { type: "text_delta", text: "Hi" } })}`,
      `event: message_delta\n${event({ usage: { output_tokens: 4 } })}`,
    ];
    const cases = [
      { provider: "openai", path: "/r/v1/responses", body: { input: "a" }, events: responses },
      { provider: "anthropic", path: "/r/v1/messages", body: HELLO, events: messages },
    ];
    for (const { provider, path, body, events } of cases) {
      const world = anOpenWorld(aProvider(() => aStream(events)));
      const logging = { payloads: true };
      await world.serve({ "ai-proxy": { provider, auth: {}, logging }, "log-variables": {} });
      const answer = await world.get(path, prompt({ ...body, stream: true }));
      expect(await answer.text()).toBe(events.join(""));
      expect(await world.logged(), provider).toMatchObject({
        llm_prompt_tokens: 3,
        llm_completion_tokens: 4,
        llm_total_tokens: 7,
        llm_response_text: { content: "Hi" },
      });
    }
  });
});
