import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

type Case = readonly [what: string, configuration: object, path: string, target: string];

const PATHS: readonly Case[] = [
  ["normalised and escaped by the plugin's mere presence", {}, "/r/a%3fb//%20%41", "/r/a%3Fb/%20A"],
  [
    "with the characters that nginx escapes",
    { host: "h.test" },
    "/r/%5C%7B%5E%C3%A9",
    "/r/%5C%7B%5E%C3%A9",
  ],
  ["without an empty query", {}, "/r/x?", "/r/x"],
  ["a fixed uri with the client's query", { uri: "/n" }, "/r/x?a=1&b=%20", "/n?a=1&b=%20"],
  ["a uri with a query of its own", { uri: "/n?x=1" }, "/r?a=1", "/n?x=1&a=1"],
  ["a uri in which % is a character", { uri: "/x%20y" }, "/r", "/x%2520y"],
  [
    "a uri with variables",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: APISIX's template.
    { uri: "/up/$remote_addr/${arg_q ?? none}" },
    "/r",
    "/up/192.0.2.1/none",
  ],
  [
    "a ? of a variable as a part of the path",
    { uri: "/s/$arg_q" },
    "/r?q=1?2?3",
    "/s/1%253F2%253F3?q=1?2?3",
  ],
  ["a uri before regex_uri", { uri: "/n", regex_uri: ["^/r", "/x"] }, "/r", "/n"],
  [
    "the first of the patterns that is found",
    { regex_uri: ["^/r/(\\d+)$", "/n/$1", "^/r/(.*)", "/s/$1"] },
    "/r/ab",
    "/s/ab",
  ],
  ["a path in which no pattern is found", { regex_uri: ["^/q", "/n"] }, "/r//x", "/r/x"],
  [
    "a query that a pattern adds",
    { regex_uri: ["^/r/(.*)", "/n?id=$1"] },
    "/r/7?a=1",
    "/n?id=7&a=1",
  ],
  [
    "a ? of the client's path, which a pattern makes no query",
    { regex_uri: ["^/r/(.*)", "/n/$1"] },
    "/r/a%3Fb=1",
    "/n/a%3Fb=1",
  ],
  ["a group that took nothing", { regex_uri: ["^/r(/x)?", "/n$1-$9"] }, "/r", "/n-"],
  ["only the first match", { regex_uri: ["a", "b"] }, "/r/aa", "/r/ba"],
  [
    "the target as it came, if it is to be",
    { use_real_request_uri_unsafe: true },
    "/r//x%41?",
    "/r//x%41?",
  ],
  ["a fixed uri unescaped", { uri: "/x%20y", use_real_request_uri_unsafe: true }, "/r?", "/x%20y?"],
  [
    "a pattern in the target as it came",
    { regex_uri: ["^/r/(.*)", "/n/$1"], use_real_request_uri_unsafe: true },
    "/r/%41?a=1",
    "/n/%41?a=1",
  ],
];

describe("proxy-rewrite", () => {
  it.each(PATHS)("sends %s", async (_, configuration, path, target) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "proxy-rewrite": configuration });
    expect((await get(path)).status).toBe(200);
    expect(seen[0]?.target).toBe(target);
  });

  it("leaves a target alone where it is not configured", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({});
    await get("/r//a%3fb");
    expect(seen[0]?.target).toBe("/r//a%3fb");
  });

  it.each([
    ["a uri", { uri: "/n?q=$arg_q" }, "/n?q=%0D%0AX-Evil:%201&q=%0d%0aX-Evil:%201"],
    [
      "a uri that is not to be escaped",
      { uri: "/n/$arg_q", use_real_request_uri_unsafe: true },
      "/n/%0D%0AX-Evil:%201?q=%0d%0aX-Evil:%201",
    ],
  ])("lets no line end of a variable's into the target by %s", async (_, configuration, target) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "proxy-rewrite": configuration });
    await get("/r?q=%0d%0aX-Evil:%201");
    expect(seen[0]?.target).toBe(target);
  });

  it("answers 502 for a pattern that leaves no path, which would name another host", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "proxy-rewrite": { regex_uri: ["^/r", ".evil.test"] } });
    expect((await get("/r")).status).toBe(502);
    expect(seen).toEqual([]);
  });

  it("sends another method and Host, and the body with it", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "proxy-rewrite": { method: "PUT", host: "other.test:81" } });
    await get("/r", { method: "POST", body: "text" });
    expect(seen[0]).toMatchObject({ method: "PUT", host: "other.test:81", body: "text" });
  });

  it("adds, then sets, then removes headers", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({
      "proxy-rewrite": {
        headers: {
          add: { "X-A": "added", "X-Gone": "1" },
          set: { "X-B": "$request_method $arg_q", "X-N": 5, "X-Empty": "", Host: "no.test" },
          remove: ["X-Gone", "X-C"],
        },
      },
    });
    await get("/r?q=z", {
      headers: { "x-a": "own", "x-b": "own", "x-c": "own", "x-empty": "own" },
    });
    const headers = Object.fromEntries(seen[0]?.headers ?? []);
    expect(headers).toMatchObject({ "x-a": "own, added", "x-b": "GET z", "x-n": "5" });
    for (const name of ["x-gone", "x-c", "x-empty"]) expect(headers).not.toHaveProperty(name);
    expect(seen[0]?.host).toBe("edge.test");
  });

  it("takes a plain map of headers as headers to set", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "proxy-rewrite": { headers: { "X-Forwarded-For": "1.1.1.1", set: "text" } } });
    await get("/r");
    expect(seen[0]?.headers.get("x-forwarded-for")).toBe("1.1.1.1, 192.0.2.1");
    expect(seen[0]?.headers.get("set")).toBe("text");
  });

  it("fills what groups took into headers, and no variable that a client writes into its path", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({
      "proxy-rewrite": {
        regex_uri: ["^/r/([^/]*)/(.*)", "/$2"],
        headers: {
          "X-First": "$1.test",
          // biome-ignore lint/suspicious/noTemplateCurlyInString: APISIX's template.
          "X-Both": "${2}-${1}",
          "X-None": "<$3>",
          "X-Kept": "\\$1",
        },
      },
    });
    await get("/r/$http_authorization/b", { headers: { authorization: "secret" } });
    expect(Object.fromEntries(seen[0]?.headers ?? [])).toMatchObject({
      "x-first": "$http_authorization.test",
      "x-both": "b-$http_authorization",
      "x-none": "<>",
      "x-kept": "\\$1",
    });
  });

  it.each([{ "X A": "1" }, { set: { "X(A)": "1" } }, { remove: ["é"] }])(
    "answers 503 with the reason for headers with a name that is none: %j",
    async (headers) => {
      const { get, serve } = aPluginWorld();
      await serve({ "proxy-rewrite": { headers } });
      const answer = await get("/r");
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain("is no header's name");
    },
  );

  it("lets no line end of a variable's into a header", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "proxy-rewrite": { headers: { "X-Q": "$arg_q" } } });
    await get("/r?q=a%0d%0aX-Evil:1");
    expect(seen[0]?.headers.get("x-q")).toBe("a%0D%0AX-Evil:1");
    expect(seen[0]?.headers.has("x-evil")).toBe(false);
  });

  it("reads the body where a header asks for what lies in it, and changes nothing twice", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({
      "proxy-rewrite": { uri: "/n", headers: { add: { "X-Id": "$post_arg.id", "X-A": "1" } } },
    });
    const headers = { "content-type": "application/json" };
    await get("/r", { method: "POST", headers, body: '{"id":"7"}' });
    expect(seen[0]).toMatchObject({ target: "/n", body: '{"id":"7"}' });
    expect(seen[0]?.headers.get("x-id")).toBe("7");
    expect(seen[0]?.headers.get("x-a")).toBe("1");
  });

  it.each([
    ["a group of its own in a recursion", ["(?R)", "/x"]],
    ["a name in the replacement", ["^/r", "/$name"]],
  ])("answers 503 with the reason for %s", async (_, pair) => {
    const { get, serve } = aPluginWorld();
    await serve({ "proxy-rewrite": { regex_uri: pair } });
    const answer = await get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("plugins.proxy-rewrite: the regular expression");
  });
});

it("cors answers an OPTIONS request whose method a global rule's proxy-rewrite has changed", async () => {
  const { get, seen, serve } = aPluginWorld();
  const plugins = { "proxy-rewrite": { method: "PUT" } };
  await serve({ cors: {} }, { global_rules: { 1: { id: "1", plugins } } });
  const answer = await get("/r", { method: "OPTIONS" });
  expect([answer.status, await answer.text(), seen.length]).toEqual([200, "", 0]);
});

it("the variable request_method stays what the client sent", async () => {
  const { get, seen, serve } = aPluginWorld();
  await serve({
    "proxy-rewrite": { method: "PUT" },
    "traffic-label": { rules: [{ actions: [{ set_headers: { "X-Method": "$request_method" } }] }] },
  });
  await get("/r");
  expect(seen[0]?.method).toBe("PUT");
  expect(seen[0]?.headers.get("x-method")).toBe("GET");
});
