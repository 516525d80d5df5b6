import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../examples/quick-start/ports.ts";
import { ProviderServer } from "../support/provider-server.ts";
import { aChat, chatEvents, HELLO, prompt } from "../support/scripted-provider.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";

let stack: Stack;
let provider: ProviderServer;
const auth = { header: { Authorization: "Bearer gateway" } };
const STREAM = { ...HELLO, stream: true };

/** The gateway's answer once the route is served. */
function answer(path: string, init: RequestInit): Promise<Response> {
  return eventually(async () => {
    const found = await stack.get(path, init);
    expect(await found.clone().text()).not.toContain("404 Route Not Found");
    return found;
  });
}

function instance(endpoint: string, more: object = {}) {
  return { provider: "openai-compatible", auth, override: { endpoint }, ...more };
}

describe("language models through the running gateway", () => {
  beforeAll(async () => {
    provider = await new ProviderServer().start();
    stack = await startStack();
    await stack.served("/", 404);
    const plugins = { "ai-proxy": instance(provider.url) };
    await stack.put("routes/chat", { uri: "/chat*", plugins });
    await answer("/chat", prompt(HELLO));
  });
  afterAll(async () => {
    await stack?.stop();
    await provider?.stop();
  });

  it("answer whole, with the gateway's key and none of the provider's headers", async () => {
    const found = await stack.get("/chat", prompt(HELLO, { authorization: "Bearer client" }));
    expect(await found.json()).toEqual(aChat("Hi you"));
    expect(found.headers.get("content-type")).toBe("application/json");
    expect(found.headers.has("x-of-the-provider")).toBe(false);
    const { target, headers, body } = provider.asked.at(-1) ?? {};
    expect(target).toBe("/v1/chat/completions");
    expect(headers?.authorization).toBe("Bearer gateway");
    expect(headers?.host).toBe(new URL(provider.url).host);
    expect(body).toEqual(HELLO);
  });

  it("stream: the client has the first event while the provider still thinks", async () => {
    const found = await stack.get("/chat", prompt(STREAM));
    expect(found.headers.get("content-type")).toBe("text/event-stream");
    const reader = (found.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    const [event] = chatEvents("Hi", " you");
    expect(new TextDecoder().decode(first.value)).toBe(event);
    provider.release();
    let rest = "";
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      rest += new TextDecoder().decode(next.value);
    }
    expect(`${event}${rest}`).toBe(chatEvents("Hi", " you").join(""));
  });

  it("stop when the client leaves, though they are silent", async () => {
    const { hostname, port } = new URL(stack.edge.url);
    const { body } = prompt(STREAM);
    const head = `POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}`;
    const socket = connect(Number(port), hostname);
    socket.write(`${head}\r\nContent-Type: application/json\r\n\r\n${body}`);
    await new Promise((resolve) => socket.once("data", resolve));
    const asked = provider.asked.at(-1);
    expect(asked?.isLeft).toBe(false);
    // An end in order could be that of the client's sending alone, as workerd takes it.
    socket.resetAndDestroy();
    await eventually(() => expect(asked?.isLeft).toBe(true));
  });

  it("stand in for each other", async () => {
    const dead = instance(`http://localhost:${await freePort()}`);
    const instances = [
      { name: "dead", weight: 1, priority: 1, ...dead },
      { name: "alive", weight: 1, ...instance(provider.url) },
    ];
    const plugins = { "ai-proxy-multi": { instances, fallback_strategy: ["http_5xx"] } };
    await stack.put("routes/multi", { uri: "/multi", plugins });
    expect(await (await answer("/multi", prompt(HELLO))).json()).toEqual(aChat("Hi you"));
  });

  it("get the prompt that guard, template and decorator have made of the client's", async () => {
    const template = { messages: [{ role: "user", content: "explain {{what}}" }] };
    const plugins = {
      "ai-prompt-guard": { deny_patterns: ["secret"] },
      "ai-prompt-template": { templates: [{ name: "explain", template }] },
      "ai-prompt-decorator": { prepend: [{ role: "system", content: "be brief" }] },
      "ai-proxy": instance(provider.url),
    };
    await stack.put("routes/made", { uri: "/made", plugins });
    const ask = (what: string) => answer("/made", prompt({ template_name: "explain", what }));
    expect((await ask("rain")).status).toBe(200);
    expect(provider.asked.at(-1)?.body).toEqual({
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "explain rain" },
      ],
    });
    const denied = await ask("secrets");
    expect(denied.status).toBe(400);
    expect(await denied.json()).toEqual({ message: "Request contains prohibited content" });
  });

  it("answer until their tokens are used up", async () => {
    const plugins = {
      "ai-proxy": instance(provider.url),
      "ai-rate-limiting": { limit: 31, time_window: 600, rejected_code: 429 },
    };
    await stack.put("routes/limited", { uri: "/limited", plugins });
    expect((await answer("/limited", prompt(HELLO))).status).toBe(200);
    // Charged once the answer has gone.
    await eventually(async () => {
      expect((await stack.get("/limited", prompt(HELLO))).status).toBe(429);
    });
  });
});
