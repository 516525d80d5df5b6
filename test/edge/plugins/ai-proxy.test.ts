import { describe, expect, it } from "vitest";
import { anOpenWorld, openAi } from "../../support/llm-world.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { aChat, aProvider, HELLO, prompt } from "../../support/scripted-provider.ts";
import { anUpstream, aRoute } from "../../support/snapshots.ts";

describe("ai-proxy refuses", () => {
  it.each([
    [
      "another content type",
      prompt(HELLO, { "content-type": "text/plain" }),
      "unsupported content-type: text/plain, only application/json is supported",
    ],
    [
      "an empty body",
      { method: "POST" },
      '{"message":"could not get body: request body is empty"}\n',
    ],
    ["a GET", {}, '{"message":"could not get body: request body is empty"}\n'],
    [
      "bad JSON",
      prompt("{bad"),
      '{"message":"could not parse JSON request body: ' +
        'Expected object key string but found invalid token at character 2"}\n',
    ],
    ["an empty object", prompt({}), "no matching AI protocol for the request"],
    ["an empty list", prompt([]), "no matching AI protocol for the request"],
    ["a number", prompt(5), "no matching AI protocol for the request"],
    ["null", prompt(null), "no matching AI protocol for the request"],
  ])("%s with 400", async (_, init, body) => {
    const { get, provider, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi() });
    const answer = await get("/r", init);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe(body);
    expect(provider.asked).toEqual([]);
  });

  it("a body that is too long with 413, whether its length was told or not", async () => {
    const { get, serve } = anOpenWorld();
    await serve({ "ai-proxy": { ...openAi(), max_req_body_size: 20 } });
    const told = await get("/r", prompt(HELLO));
    expect(told.status).toBe(413);
    const stream = new Response(JSON.stringify(HELLO)).body;
    const untold = await get("/r", { method: "POST", body: stream });
    expect(untold.status).toBe(413);
    expect(await untold.text()).toContain("greater than the maximum size 20 allowed");
  });

  it.each([
    ["/r/x/v1/messages", { a: 1 }, "missing messages"],
    [
      "/r/converse",
      HELLO,
      "provider openai does not support bedrock-converse protocol " +
        "(supported: openai-chat, openai-responses, openai-embeddings)",
    ],
  ])("what %s cannot be told to the provider, with 400", async (path, body, reason) => {
    const { get, provider, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi() });
    const answer = await get(path, prompt(body));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(reason);
    expect(provider.asked).toEqual([]);
  });

  it.each([
    ["a provider of a signature of its own", { provider: "bedrock", auth: {} }, "bedrock"],
    ["GCP's authentication", { provider: "openai", auth: { gcp: {} } }, "auth.gcp"],
    [
      "a provider without its endpoint",
      { provider: "azure-openai", auth: {} },
      "override.endpoint",
    ],
    [
      "an endpoint that is no URL",
      { ...openAi(), override: { endpoint: "nowhere" } },
      "no http or https URL",
    ],
    [
      "an endpoint of another scheme",
      { ...openAi(), override: { endpoint: "ftp://a" } },
      "no http or https URL",
    ],
  ])("to be built with %s, and tells why", async (_, configuration, reason) => {
    const { get, serve } = anOpenWorld();
    await serve({ "ai-proxy": configuration });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain(reason);
  });

  it("a header that none can be, and does not tell its value", async () => {
    const { get, serve } = anOpenWorld();
    await serve({ "ai-proxy": { provider: "openai", auth: { header: { A: "secret\nB: 1" } } } });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain("secret");
  });
});

describe("ai-proxy asks", () => {
  it.each([
    ["openai", "https://api.openai.com/v1/chat/completions"],
    ["deepseek", "https://api.deepseek.com/chat/completions"],
    ["aimlapi", "https://api.aimlapi.com/chat/completions"],
    ["anthropic", "https://api.anthropic.com/v1/chat/completions"],
    ["openrouter", "https://openrouter.ai/api/v1/chat/completions"],
    ["gemini", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"],
  ])("%s at its own address", async (provider, url) => {
    const world = anOpenWorld();
    await world.serve({ "ai-proxy": { provider, auth: {} } });
    await world.get("/r?client=arg", prompt(HELLO));
    expect(world.provider.asked.map((asked) => asked.url)).toEqual([url]);
    expect(world.provider.asked[0]?.body).toEqual(HELLO);
    expect(world.provider.asked[0]?.method).toBe("POST");
  });

  it.each([
    [
      "with the path of the protocol, where it has none",
      "http://llm.test:8080",
      "/r",
      HELLO,
      "http://llm.test:8080/v1/chat/completions?key=k",
    ],
    ["as it is, with a path", "http://llm.test/a/b", "/r", HELLO, "http://llm.test/a/b?key=k"],
    ["as it is, with only a slash", "http://llm.test/", "/r", HELLO, "http://llm.test/?key=k"],
    [
      "with its own arguments over those of auth",
      "https://llm.test/x?key=mine&v=1",
      "/r",
      HELLO,
      "https://llm.test/x?key=mine&v=1",
    ],
    [
      "for embeddings",
      "http://llm.test",
      "/r",
      { input: "a" },
      "http://llm.test/v1/embeddings?key=k",
    ],
    [
      "for the Responses API",
      "http://llm.test",
      "/r/v1/responses",
      { input: "a" },
      "http://llm.test/v1/responses?key=k",
    ],
    [
      "with the client's path for all else",
      "http://llm.test",
      "/r/%C3%A4/b",
      { any: 1 },
      "http://llm.test/r/%C3%A4/b?key=k",
    ],
    ["with the client's path for a list", "http://llm.test", "/r", [1], "http://llm.test/r?key=k"],
  ])("override.endpoint %s", async (_, endpoint, path, body, url) => {
    const { get, provider, serve } = anOpenWorld();
    const auth = { query: { key: "k" } };
    await serve({ "ai-proxy": { provider: "openai-compatible", auth, override: { endpoint } } });
    await get(path, prompt(body));
    expect(provider.asked.map((asked) => asked.url)).toEqual([url]);
    expect(provider.asked[0]?.body).toEqual(body);
  });

  it("with the client's headers, but those of its connection, and its own over them", async () => {
    const { get, provider, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi({ auth: { header: { Authorization: "Bearer gateway" } } }) });
    const headers = { authorization: "Bearer client", "x-own": "1", "accept-encoding": "br" };
    await get("/r", prompt(HELLO, { ...headers, connection: "x-hop", "x-hop": "1" }));
    const sent = provider.asked[0]?.headers;
    expect(sent?.get("authorization")).toBe("Bearer gateway");
    expect(sent?.get("x-own")).toBe("1");
    expect(sent?.get("content-type")).toBe("application/json");
    for (const name of ["host", "accept-encoding", "x-hop", "cf-connecting-ip"]) {
      expect(sent?.has(name), name).toBe(false);
    }
  });

  it("with options over what the client says", async () => {
    const { get, provider, serve } = anOpenWorld();
    const options = { model: "gpt-mine", temperature: 0.5, nested: { a: 1 } };
    await serve({ "ai-proxy": openAi({ options }) });
    await get("/r", prompt({ ...HELLO, temperature: 2, nested: { b: 2 } }));
    expect(provider.asked[0]?.body).toEqual({ ...HELLO, ...options });
  });

  it("without a model where the endpoint tells it, as Azure's", async () => {
    const { get, provider, serve } = anOpenWorld();
    const override = { endpoint: "https://a.azure.test/openai/deployments/x/chat/completions" };
    await serve({ "ai-proxy": { provider: "azure-openai", auth: {}, override } });
    await get("/r", prompt(HELLO));
    expect(provider.asked[0]?.body).toEqual({ messages: HELLO.messages });
  });

  it("for the usage of every stream", async () => {
    const { get, provider, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi() });
    await get("/r", prompt({ ...HELLO, stream: true }));
    expect(provider.asked[0]?.body).toMatchObject({ stream_options: { include_usage: true } });
  });

  it.each([
    ["openai", "max_completion_tokens"],
    ["deepseek", "max_tokens"],
  ])(
    "%s for no more tokens than the configuration has, whatever the client calls them",
    async (provider, field) => {
      const world = anOpenWorld();
      const override = { llm_options: { max_tokens: 10 } };
      await world.serve({ "ai-proxy": { provider, auth: {}, override } });
      await world.get("/r", prompt({ ...HELLO, max_tokens: 99, max_completion_tokens: 99 }));
      expect(world.provider.asked[0]?.body).toEqual({ ...HELLO, [field]: 10 });
    },
  );

  it.each([
    [
      "filling in what is missing",
      false,
      { top: 1, deep: { own: 1, list: [1], more: 2 }, add: [2] },
    ],
    [
      "over all else, when forced",
      true,
      { top: 2, deep: { own: 1, list: [2], more: 2 }, add: [2] },
    ],
  ])("with override.request_body of its protocol, %s", async (_, force, wanted) => {
    const { get, provider, serve } = anOpenWorld();
    const patch = { top: 2, deep: { list: [2], more: 2 }, add: [2] };
    const request_body = { "openai-chat": patch, "openai-embeddings": { never: 1 } };
    const override = { request_body, request_body_force_override: force };
    await serve({ "ai-proxy": openAi({ override }) });
    await get("/r", prompt({ ...HELLO, top: 1, deep: { own: 1, list: [1] } }));
    expect(provider.asked[0]?.body).toEqual({ ...HELLO, ...wanted });
  });

  it("with no prototype of anybody's choice", async () => {
    const { get, provider, serve } = anOpenWorld();
    const override = { request_body: { "openai-chat": { added: 1 } } };
    await serve({ "ai-proxy": openAi({ override }) });
    await get("/r", prompt('{"messages":[],"__proto__":{"polluted":1}}'));
    expect(JSON.stringify(provider.asked[0]?.body)).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("without an upstream of the route", async () => {
    const { get, provider, publish } = anOpenWorld();
    const plugins = { "ai-proxy": openAi() };
    await publish({ routes: { r: { id: "r", uri: "/r", plugins } } });
    expect((await get("/r", prompt(HELLO))).status).toBe(200);
    expect(provider.asked).toHaveLength(1);
  });
});

describe("ai-proxy answers", () => {
  it("as the provider does, of whose headers only Content-Type is passed on", async () => {
    const headers = { "x-ratelimit": "1", "set-cookie": "a=b", "content-type": "application/json" };
    const { get, seen, serve } = anOpenWorld(
      aProvider(() => new Response(JSON.stringify(aChat("hi")), { status: 201, headers })),
    );
    await serve({ "ai-proxy": openAi() });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual(aChat("hi"));
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.has("x-ratelimit")).toBe(false);
    expect(answer.headers.has("set-cookie")).toBe(false);
    expect(seen).toEqual([]);
  });

  it.each([400, 401, 404, 429, 500, 503])("%i with the provider's own words", async (status) => {
    const { get, serve } = anOpenWorld(aProvider(() => Response.json({ error: "no" }, { status })));
    await serve({ "ai-proxy": openAi() });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: "no" });
    const told = answer.headers.get("x-apisix-upstream-status");
    expect(told).toBe(status >= 500 ? String(status) : null);
  });

  it("what is no JSON as it came", async () => {
    const { get, serve } = anOpenWorld(aProvider(() => new Response("<html>")));
    await serve({ "ai-proxy": openAi() });
    expect(await (await get("/r", prompt(HELLO))).text()).toBe("<html>");
  });

  it("500 as a page where the provider cannot be reached", async () => {
    const { get, log, serve } = anOpenWorld(aProvider(() => Promise.reject(new Error("refused"))));
    await serve({ "ai-proxy": openAi() });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain("<h1>500 Internal Server Error</h1>");
    expect(answer.headers.get("x-apisix-upstream-status")).toBe("500");
    expect(log.join()).toContain("refused");
  });

  it("504 where the provider is late, and ends the request there", async () => {
    const provider = aProvider(() => new Promise(() => undefined));
    const { get, serve } = anOpenWorld(provider);
    await serve({ "ai-proxy": openAi({ timeout: 5 }) });
    expect((await get("/r", prompt(HELLO))).status).toBe(504);
    expect(provider.asked[0]?.signal.aborted).toBe(true);
  });

  it("no redirect, which would take its secrets elsewhere", async () => {
    const { get, provider, serve } = anOpenWorld(
      aProvider(() => new Response(null, { status: 302, headers: { location: "http://evil" } })),
    );
    await serve({ "ai-proxy": openAi() });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.status).toBe(302);
    expect(answer.headers.has("location")).toBe(false);
    expect(provider.asked).toHaveLength(1);
  });

  it("502 where the answer is longer than max_response_bytes", async () => {
    const { get, serve } = anOpenWorld();
    await serve({ "ai-proxy": openAi({ max_response_bytes: 10 }) });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.status).toBe(502);
    expect(await answer.text()).toBe("max_response_bytes exceeded");
  });

  it("through the filters of other plugins, which know its variables", async () => {
    const { get, serve } = anOpenWorld();
    const headers = { set: { "x-tokens": "$llm_total_tokens", "x-model": "$llm_model" } };
    await serve({ "ai-proxy": openAi(), "response-rewrite": { headers } });
    const answer = await get("/r", prompt(HELLO));
    expect(answer.headers.get("x-tokens")).toBe("31");
    expect(answer.headers.get("x-model")).toBe("gpt-4");
  });
});

it("ai-proxy of a route takes the place of the upstream only for that route", async () => {
  const provider = aProvider();
  const { get, publish, seen } = aPluginWorld({ deps: { fetch: provider.fetch } });
  const upstream = anUpstream(["u.test:80"]);
  const ai = aRoute("a", { uri: "/ai", upstream, plugins: { "ai-proxy": openAi() } });
  await publish({ routes: { a: ai, b: aRoute("b", { uri: "/b", upstream }) } });
  await get("/ai", prompt(HELLO));
  await get("/b", prompt(HELLO));
  expect([provider.asked.length, seen.length]).toEqual([1, 1]);
});
