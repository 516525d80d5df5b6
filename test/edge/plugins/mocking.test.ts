import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { seededRandom } from "../../support/random.ts";

const schema = {
  type: "object",
  properties: {
    s: { type: "string" },
    e: { type: "string", example: "ex" },
    n: { type: "number" },
    i: { type: "integer", example: 7.9 },
    b: { type: "boolean" },
    l: { type: "array", items: { type: "object", properties: { k: { type: "integer" } } } },
    o: { type: "object", properties: { "b<": { type: "boolean", example: true } } },
    bare: { type: "object" },
    list: { type: "array" },
    other: { type: "null" },
  },
};

describe("mocking", () => {
  it("answers with its example, templates filled in", async () => {
    const { get, seen, serve } = aPluginWorld();
    await serve({
      mocking: {
        response_example: '{"u":"$uri"}',
        response_status: 201,
        response_headers: { "X-Q": "$arg_q", "X-None": "$nosuch" },
      },
    });
    const answer = await get("/r/x?q=1");
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe('{"u":"/r/x"}');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "application/json;charset=utf8",
      "x-mock-by": "APISIX/3.18.0",
      "x-q": "1",
    });
    expect(answer.headers.has("x-none")).toBe(false);
    expect(seen).toEqual([]);
  });

  it("gives a text its charset, and no word of itself where it is not to", async () => {
    const { get, serve } = aPluginWorld();
    await serve({
      mocking: { response_example: "x", content_type: "text/plain", with_mock_header: false },
    });
    const { headers } = await get("/r");
    expect(headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(headers.has("x-mock-by")).toBe(false);
  });

  it("makes up values that fit a schema, each time others", async () => {
    const random = seededRandom(7);
    const { get, serve } = aPluginWorld({ deps: { random: () => random.below(1e9) / 1e9 } });
    await serve({ mocking: { response_schema: schema } });
    const first = await (await get("/r")).json();
    expect(first).toEqual({
      s: expect.stringMatching(/^[a-z]{1,10}$/),
      e: "ex",
      n: expect.any(Number),
      i: 7,
      b: expect.any(Boolean),
      l: expect.arrayContaining([{ k: expect.any(Number) }]),
      o: { "b<": true },
      bare: {},
    });
    expect(await (await get("/r")).json()).not.toEqual(first);
  });

  it("writes them as XML", async () => {
    const { get, serve } = aPluginWorld({ deps: { random: () => 0 } });
    const properties = {
      a: { type: "string", example: "<&>" },
      l: { type: "array", items: { type: "integer" } },
      o: { type: "object", properties: { k: { type: "boolean", example: false } } },
    };
    await serve({
      mocking: { response_schema: { properties }, content_type: "application/xml; charset=utf-8" },
    });
    expect(await (await get("/r")).text()).toBe(
      "<data>\n<a>&lt;&amp;&gt;</a>\n<l>1</l>\n<o>\n<k>false</k>\n</o>\n</data>\n",
    );
  });

  it("has nothing made up for HTML", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ mocking: { response_schema: schema, content_type: "text/html" } });
    expect(await (await get("/r")).text()).toBe("");
  });

  it("waits for its delay", async () => {
    const waits: number[] = [];
    const after = (ms: number, action: () => void) => {
      waits.push(ms);
      queueMicrotask(action);
      return () => {};
    };
    const { get, serve } = aPluginWorld({ deps: { timers: { after } } });
    await serve({ mocking: { response_example: "x", delay: 2 } });
    await get("/r");
    expect(waits).toEqual([2000]);
  });
});
