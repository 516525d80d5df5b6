import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const A_NUMBER = {
  type: "object",
  required: ["a"],
  properties: { a: { type: "integer", minimum: 1 } },
};

async function posted(
  settings: object,
  body: BodyInit | undefined,
  headers: HeadersInit = { "content-type": "application/json" },
) {
  const { get, seen, serve } = aPluginWorld();
  await serve({ "request-validation": settings });
  const answer = await get("/r", {
    method: "POST",
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, text: await answer.text(), seen };
}

describe("request-validation", () => {
  it("sends on the JSON that it checked, written anew, with defaults", async () => {
    const properties = { a: { type: "number" }, b: { type: "string", default: "x" } };
    const { status, seen } = await posted({ body_schema: { properties } }, '{"a": 1.0, "a" :2.0 }');
    expect(status).toBe(200);
    expect(seen[0]?.body).toBe('{"a":2,"b":"x"}');
  });

  it("sends on a form as it came", async () => {
    const type = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    const { seen } = await posted({ body_schema: { required: ["a"] } }, "a=%31&b", type);
    expect(seen[0]?.body).toBe("a=%31&b");
  });

  it.each<[string, string]>([
    ["{}", 'property "a" is required'],
    ['{"a":0}', 'property "a" validation failed: expected 0 to be at least 1'],
    ['{"a":"x"}', 'property "a" validation failed: wrong type: expected integer, got string'],
    ["[1]", "wrong type: expected object, got table"],
    ["null", "wrong type: expected object, got userdata"],
    ["{bad", "Expected object key string but found invalid token at character 2"],
    ['{"a":1', "Expected comma or object end but found T_END at character 7"],
    ["[".repeat(1001), "Found too many nested data structures (1001) at character 1001"],
  ])("tells what is wrong with %j, and no more", async (body, why) => {
    const { status, text, seen } = await posted({ body_schema: A_NUMBER }, body);
    expect([status, text, seen.length]).toEqual([400, why, 0]);
  });

  it.each([
    ["a=1", 'property "a" validation failed: wrong type: expected integer, got string'],
    ["a=1&a=2", 'property "a" validation failed: wrong type: expected integer, got table'],
    ["a", 'property "a" validation failed: wrong type: expected integer, got boolean'],
    ["b=1", 'property "a" is required'],
  ])("takes all values of a form for texts: %s", async (body, why) => {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    expect((await posted({ body_schema: A_NUMBER }, body, type)).text).toBe(why);
  });

  it("answers a missing body with nginx's page, or with the message", async () => {
    const page = await posted({ body_schema: A_NUMBER }, undefined);
    expect([page.status, page.text]).toEqual([400, expect.stringContaining("<h1>400 Bad Request")]);
    const told = await posted(
      { body_schema: A_NUMBER, rejected_msg: "no", rejected_code: 422 },
      "",
    );
    expect([told.status, told.text]).toEqual([422, "no"]);
  });

  it("checks headers, by their names in lower case, before the body", async () => {
    const header_schema = {
      required: ["x-t"],
      properties: { "x-t": { pattern: "^\\d+$" }, host: { const: "edge.test" } },
    };
    const settings = { header_schema, body_schema: A_NUMBER };
    expect((await posted(settings, "{}", {})).text).toBe('property "x-t" is required');
    expect((await posted(settings, "{}", { "X-T": "a" })).text).toBe(
      'property "x-t" validation failed: failed to match pattern "^\\\\d+$" with "a"',
    );
    expect((await posted(settings, '{"a":1}', { "X-T": "1" })).status).toBe(200);
  });

  it("refuses two Content-Types, which others may read in another way", async () => {
    const headers = new Headers({ "content-type": "application/json" });
    headers.append("content-type", "application/x-www-form-urlencoded");
    expect((await posted({ body_schema: {} }, "{}", headers)).status).toBe(400);
  });

  it("answers 413 to a body beyond the limit", async () => {
    expect((await posted({ body_schema: {}, max_req_body_size: 2 }, "[1]")).status).toBe(413);
    expect((await posted({ body_schema: {}, max_req_body_size: 3 }, "[1]")).status).toBe(200);
  });

  it("follows references, also in a circle, as deep as a body may be", async () => {
    const node = { type: "object", properties: { next: { $ref: "#/definitions/node" } } };
    const schema = { $ref: "#/definitions/node", definitions: { node } };
    const nested = (depth: number, end: string) =>
      `${'{"next":'.repeat(depth)}${end}${"}".repeat(depth)}`;
    expect((await posted({ body_schema: schema }, nested(3, "{}"))).status).toBe(200);
    expect((await posted({ body_schema: schema }, nested(3, "1"))).text).toContain("got number");
    expect((await posted({ body_schema: schema }, nested(999, "{}"))).status).toBe(200);
  });

  it("never lets a body pass that is too deep for what the schema makes of it", async () => {
    const inner = { type: "object", properties: { next: { $ref: "#" } } };
    const wrapped = (schema: object): object => ({ allOf: [{ anyOf: [{ oneOf: [schema] }] }] });
    const schema = wrapped(wrapped(wrapped(inner)));
    const body = `${'{"next":'.repeat(998)}1${"}".repeat(998)}`;
    const { status, seen } = await posted({ body_schema: schema }, body);
    expect(seen.length).toBe(0);
    expect([400, 500]).toContain(status);
  });

  it("keeps names such as __proto__ for what they are", async () => {
    const closed = { type: "object", additionalProperties: false, properties: { a: {} } };
    const { text } = await posted({ body_schema: closed }, '{"__proto__":{"a":1}}');
    expect(text).toBe("additional properties forbidden, found __proto__");
    expect((await posted({ body_schema: A_NUMBER }, '{"__proto__":{"a":1}}')).text).toBe(
      'property "a" is required',
    );
  });

  it.each([
    { type: "nonsense" },
    { $ref: "#/nowhere" },
    { $ref: "http://a.test/schema" },
    { pattern: "(" },
  ])("serves no route with the schema %j", async (schema) => {
    expect((await posted({ body_schema: schema }, "{}")).status).toBe(503);
  });
});
