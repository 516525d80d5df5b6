import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const LOCATIONS: readonly (readonly [
  what: string,
  configuration: object,
  path: string,
  to: string,
])[] = [
  [
    "with variables",
    { uri: "https://$host:8443$request_uri" },
    "/r/x?a=1",
    "https://edge.test:8443/r/x?a=1",
  ],
  [
    "with variables in braces, unknown ones as nothing",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: APISIX's template.
    { uri: "/${arg_q}/$nosuch/" },
    "/r?q=1",
    "/1//",
  ],
  ["with an argument that has no value", { uri: "/$arg_q" }, "/r?q", "/true"],
  ["with a dollar that stays, and its backslash", { uri: "/\\$uri/x" }, "/r", "/\\$uri/x"],
  ["without a backslash that stands for nothing", { uri: "/a\\b" }, "/r", "/ab"],
  [
    "by a pattern",
    { regex_uri: ["^/r/(\\d)/(.*)", "https://e.test/$2?n=$1"] },
    "/r/7/x?y",
    "https://e.test/x?n=7",
  ],
  ["with the client's query", { uri: "/n", append_query_string: true }, "/r?a=1", "/n?a=1"],
  [
    "with the client's query after its own",
    { uri: "/n?x=1", append_query_string: true },
    "/r?a=1",
    "/n?x=1&a=1",
  ],
  ["without an empty query", { uri: "/n", append_query_string: true }, "/r?", "/n"],
  [
    "encoded, but not its query",
    { uri: "/a b\\$c?d e", encode_uri: true },
    "/r",
    "/a%20b%5C$c?d e",
  ],
  [
    "without a line end of a variable's",
    { uri: "/$arg_q" },
    "/r?q=%0d%0aX-Evil:1",
    "/%0D%0AX-Evil:1",
  ],
];

describe("redirect", () => {
  it.each(LOCATIONS)("redirects %s", async (_, configuration, path, to) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ redirect: configuration });
    const answer = await get(path);
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toBe(to);
    expect(answer.headers.get("content-type")).toBe("text/html");
    expect(await answer.text()).toContain("<h1>302 Found</h1>");
    expect(seen).toEqual([]);
  });

  it("answers with the status that it is given", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ redirect: { uri: "/n", ret_code: 308 } });
    expect((await get("/r")).status).toBe(308);
  });

  it("lets pass what its pattern is not found in", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ redirect: { regex_uri: ["^/q", "/n"], encode_uri: true } });
    expect(await (await get("/r")).text()).toBe("from u.test:80");
  });

  it.each([
    ["GET", 301],
    ["HEAD", 301],
    ["POST", 308],
  ])("sends %s to https with %i, whatever ret_code says", async (method, status) => {
    const { get, serve } = aPluginWorld();
    await serve({ redirect: { http_to_https: true, ret_code: 302 } });
    const headers = { "x-forwarded-proto": "https" };
    const answer = await get("/r//x?a=%20", { method, headers, host: "Edge.test:8080" });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("location")).toBe("https://edge.test/r/x?a=%20");
  });

  it("answers 503 with the reason for a status that no Worker sends", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ redirect: { uri: "/n", ret_code: 700 } });
    const answer = await get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("a Worker cannot answer with the status 700");
  });
});
