import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const answering = (body: BodyInit | null, init: ResponseInit = {}) => ({
  upstream: () => new Response(body, init),
});

async function gzipped(text: string): Promise<ArrayBuffer> {
  const body = new Response(text).body as ReadableStream<Uint8Array>;
  return new Response(body.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

describe("response-rewrite", () => {
  it("gives another status, body and headers, and drops what told of the old body", async () => {
    const headers = { etag: '"1"', "last-modified": "x", "x-up": "1", "x-gone": "1" };
    const { get, serve } = aPluginWorld(answering("up", { headers }));
    await serve({
      "response-rewrite": {
        status_code: 299,
        body: "body $uri",
        headers: {
          add: ["X-Up: more", "X-Twice:1", "X-Twice: 2"],
          // biome-ignore lint/suspicious/noTemplateCurlyInString: APISIX's template.
          set: { "X-Status": "$status", "X-Q": "${arg_q ?? none}", "X-N": 5, "X-Empty": "" },
          remove: ["X-Gone"],
        },
      },
    });
    const answer = await get("/r");
    expect(answer.status).toBe(299);
    expect(await answer.text()).toBe("body $uri");
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "x-up": "1, more",
      "x-twice": "1, 2",
      "x-status": "299",
      "x-q": "none",
      "x-n": "5",
    });
    for (const name of ["etag", "last-modified", "content-length", "x-gone", "x-empty"]) {
      expect(answer.headers.has(name), name).toBe(false);
    }
  });

  it("writes names of headers with hyphens, as OpenResty does", async () => {
    const { get, serve } = aPluginWorld(answering("up", { headers: { "x-gone": "1" } }));
    const headers = { add: ["X_A: 1"], set: { X_B: "2" }, remove: ["X_Gone"] };
    await serve({ "response-rewrite": { headers } });
    const found = (await get("/r")).headers;
    expect([found.get("x-a"), found.get("x-b"), found.get("x-gone")]).toEqual(["1", "2", null]);
  });

  it.each([
    ["added", { add: ["X-A: 1", "no header"] }],
    ["added with a colon in its value", { add: ["X-A: 1", "X-B: a:b"] }],
  ])("changes no header where one that is %s is none", async (_, change) => {
    const { get, serve } = aPluginWorld();
    await serve({ "response-rewrite": { headers: { ...change, set: { "X-C": "1" } } } });
    const { headers } = await get("/r");
    expect([headers.get("x-a"), headers.get("x-c")]).toEqual([null, null]);
  });

  it("decodes a body that is given in base64", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "response-rewrite": { body: "AP8K", body_base64: true } });
    expect(new Uint8Array(await (await get("/r")).arrayBuffer())).toEqual(
      new Uint8Array([0, 255, 10]),
    );
  });

  it.each([
    [200, "changed"],
    [404, "up"],
  ])("changes only answers for which its condition holds: %i", async (status, text) => {
    const { get, serve } = aPluginWorld(answering("up", { status }));
    await serve({ "response-rewrite": { vars: [["status", "==", 200]], body: "changed" } });
    expect(await (await get("/r")).text()).toBe(text);
  });

  it.each([
    ["the old status, which the condition has asked for", [["status", "==", 200]], "200"],
    ["the new one, where it has not", [["arg_q", "==", null]], "299"],
  ])("tells in its headers %s", async (_, vars, told) => {
    const { get, serve } = aPluginWorld();
    const headers = { "X-Status": "$status" };
    await serve({ "response-rewrite": { vars, status_code: 299, headers } });
    expect((await get("/r")).headers.get("x-status")).toBe(told);
  });

  it("looks into the request's body, which has been sent on", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({
      "response-rewrite": {
        vars: [["post_arg.id", "==", "7"]],
        headers: { "X-Id": "$post_arg.id" },
      },
    });
    const headers = { "content-type": "application/json" };
    const answer = await get("/r", { method: "POST", headers, body: '{"id":"7"}' });
    expect(answer.headers.get("x-id")).toBe("7");
    expect(seen[0]?.body).toBe('{"id":"7"}');
  });

  it("looks into the body of a request that another plugin has answered", async () => {
    const { get, serve } = aPluginWorld();
    await serve({
      redirect: { uri: "/n" },
      "response-rewrite": { headers: { "X-Id": "$post_arg.id" } },
    });
    const headers = { "content-type": "application/json" };
    const answer = await get("/r", { method: "POST", headers, body: '{"id":"7"}' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get("x-id")).toBe("7");
  });

  it("changes the gateway's own answers too", async () => {
    const { get, publish } = aPluginWorld();
    const plugins = { "response-rewrite": { status_code: 410, body: "gone" } };
    await publish({ global_rules: { 1: { id: "1", plugins } } });
    const answer = await get("/nowhere");
    expect(answer.status).toBe(410);
    expect(await answer.text()).toBe("gone");
  });

  it.each([
    [
      "hears nothing of what a global rule answers in its rewrite phase",
      { redirect: { uri: "/n" } },
      null,
    ],
    ["hears of what one answers in its access phase", { mocking: { response_example: "x" } }, "1"],
  ])("of a route %s", async (_, plugins, told) => {
    const { get, serve } = aPluginWorld();
    const rules = { global_rules: { 1: { id: "1", plugins } } };
    await serve({ "response-rewrite": { headers: { "X-A": "1" } } }, rules);
    expect((await get("/r")).headers.get("x-a")).toBe(told);
  });

  it.each([
    ["the first match", [{ regex: "l", replace: "L" }], "heLlo world"],
    ["every match", [{ regex: "l", replace: "L", scope: "global" }], "heLLo worLd"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: APISIX's template.
    ["by groups", [{ regex: "(\\w+) (\\w+)", replace: "$2 ${1}$$" }], "world hello$"],
    ["whatever the case", [{ regex: "HELLO", replace: "x", options: "i" }], "x world"],
    [
      "one filter after the other",
      [
        { regex: "hello", replace: "x" },
        { regex: "x", replace: "yy" },
      ],
      "yy world",
    ],
    [
      "nothing by what is no pattern",
      [
        { regex: "(", replace: "x" },
        { regex: "o", replace: "0" },
      ],
      "hell0 world",
    ],
    ["nothing that is not found", [{ regex: "^world", replace: "x" }], "hello world"],
    [
      "nothing beyond an anchor",
      [{ regex: "o", replace: "x", options: "a", scope: "global" }],
      "hello world",
    ],
  ])("replaces %s", async (_, filters, text) => {
    const { get, serve } = aPluginWorld(answering("hello world"));
    await serve({ "response-rewrite": { filters } });
    expect(await (await get("/r")).text()).toBe(text);
  });

  it("replaces bytes, and leaves those that are no text", async () => {
    const { get, serve } = aPluginWorld(answering(new Uint8Array([0xff, 0x61, 0xc3, 0xa9])));
    await serve({
      "response-rewrite": { filters: [{ regex: "é|a", replace: "ü", scope: "global" }] },
    });
    expect(new Uint8Array(await (await get("/r")).arrayBuffer())).toEqual(
      new Uint8Array([0xff, 0xc3, 0xbc, 0xc3, 0xbc]),
    );
  });

  it("sees no more of a body than it may", async () => {
    const { get, serve } = aPluginWorld(answering("aaaa"));
    const filters = [{ regex: "a", replace: "b", scope: "global" }];
    await serve({ "response-rewrite": { filters, max_resp_body_size: 3 } });
    expect(await (await get("/r")).text()).toBe("bbb");
  });

  it("undoes gzip to replace in it", async () => {
    const headers = { "content-encoding": "gzip" };
    const { get, serve } = aPluginWorld(answering(await gzipped("hello"), { headers }));
    await serve({ "response-rewrite": { filters: [{ regex: "hello", replace: "bye" }] } });
    const answer = await get("/r");
    expect(answer.headers.has("content-encoding")).toBe(false);
    expect(await answer.text()).toBe("bye");
  });

  it("leaves a body alone whose encoding it cannot undo", async () => {
    const headers = { "content-encoding": "zstd", etag: '"1"' };
    const { get, serve } = aPluginWorld(answering("hello", { headers }));
    await serve({
      "response-rewrite": {
        headers: { "X-A": "1" },
        filters: [{ regex: "hello", replace: "bye" }],
      },
    });
    const answer = await get("/r");
    expect(Object.fromEntries(answer.headers)).toMatchObject({ ...headers, "x-a": "1" });
    expect(await answer.text()).toBe("hello");
  });

  it.each([
    [204, 299, "body"],
    [304, 503, "body"],
    [200, 204, ""],
    [200, 304, ""],
  ])("makes a %i a %i, with a body where that has one", async (status, status_code, text) => {
    const { get, serve } = aPluginWorld(answering(status === 200 ? "up" : null, { status }));
    await serve({ "response-rewrite": { status_code, body: "body" } });
    const answer = await get("/r");
    expect(answer.status).toBe(status_code);
    expect(await answer.text()).toBe(text);
  });

  it.each([
    [301, 503, "text/plain; charset=utf-8"],
    [200, 302, "text/html"],
  ])(
    "of a text that was a %i and becomes a %i tells a charset unless it redirects",
    async (...row) => {
      const [status, status_code, type] = row;
      const headers = { "content-type": "text/plain" };
      const { get, serve } = aPluginWorld(answering("up", { status, headers }));
      const changes = status_code === 302 ? { headers: { "Content-Type": "text/html" } } : {};
      await serve({ "response-rewrite": { status_code, ...changes } });
      expect((await get("/r")).headers.get("content-type")).toBe(type);
    },
  );

  it("adds a charset to a text's type, as nginx does", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "response-rewrite": { headers: { "Content-Type": "text/html" } } });
    expect((await get("/r")).headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  it.each([
    ["what JavaScript cannot do", { regex: "(?R)", replace: "x" }],
    ["an option for UTF-8", { regex: "x", replace: "y", options: "u" }],
    ["a replacement with a name", { regex: "x", replace: "$name" }],
  ])("answers 503 with the reason for %s", async (_, filter) => {
    const { get, serve } = aPluginWorld();
    await serve({ "response-rewrite": { filters: [filter] } });
    const answer = await get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("plugins.response-rewrite: the regular expression");
  });
});
