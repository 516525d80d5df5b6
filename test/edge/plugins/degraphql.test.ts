import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const query = "query getU($a: Int!) { u(a: $a) { id } }";
const configuration = { query, variables: ["a", "b"], operation_name: "getU" };

describe("degraphql", () => {
  it("asks by POST with the body's fields as variables", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ degraphql: configuration });
    await get("/r?x=1", { method: "POST", body: '{"a":{"k":[1]},"b":null,"c":3}' });
    expect(JSON.parse(seen[0]?.body ?? "")).toEqual({
      query,
      operationName: "getU",
      variables: { a: { k: [1] }, b: null },
    });
    expect(seen[0]?.headers.get("content-type")).toBe("application/json");
    expect(seen[0]?.target).toBe("/r?x=1");
  });

  it("asks by GET with the arguments as variables", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ degraphql: configuration });
    await get("/r/%41?a=1&a=2&b&c=3");
    const [path, args] = seen[0]?.target.split("?") ?? [];
    expect(path).toBe("/r/A");
    expect(Object.fromEntries(new URLSearchParams(args))).toEqual({
      query,
      operationName: "getU",
      variables: '{"a":["1","2"],"b":true}',
    });
    expect(args).toContain("query=query%20getU(%24a%3A%20Int!)%20%7B");
  });

  it("sends no variables where the configuration names none", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ degraphql: { query: "{ u }" } });
    await get("/r", { method: "POST", body: "{bad" });
    expect(seen[0]?.body).toBe('{"query":"{ u }"}');
    await get("/r?a=1");
    expect(seen[1]?.target).toBe("/r?query=%7B%20u%20%7D");
  });

  it.each([
    ["no JSON", "{bad", 400],
    ["nothing", "", 400],
    ["a text", '"a"', 400],
    ["null", "null", 400],
    ["a list", "[1]", 200],
    ["more than it may", JSON.stringify({ a: "x".repeat(100) }), 413],
  ])("answers a POST with %s", async (_, body, status) => {
    const { get, serve } = aPluginWorld();
    await serve({ degraphql: { ...configuration, max_req_body_size: 50 } });
    expect((await get("/r", { method: "POST", body })).status).toBe(status);
  });

  it("answers other methods with 405", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ degraphql: configuration });
    expect((await get("/r", { method: "PUT" })).status).toBe(405);
  });
});
