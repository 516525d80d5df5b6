import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const PET = {
  type: "object",
  required: ["name"],
  properties: {
    id: { type: "integer", readOnly: true },
    name: { type: "string" },
    kind: { type: "string", nullable: true, enum: ["cat", "dog"] },
    age: { type: "integer", minimum: 0, exclusiveMinimum: true },
    mother: { $ref: "#/components/schemas/Pet" },
    born: { type: "string", format: "date" },
  },
};

const jsonOf = (schema: object) => ({ content: { "application/json": { schema } } });
const reply = { responses: { 200: { description: "fine" } } };
const inQuery = (name: string, schema: object, more: object = {}) => ({
  ...{ name, in: "query", schema },
  ...more,
});

const PATHS = {
  "/r/pets": {
    parameters: [{ $ref: "#/components/parameters/Trace" }],
    post: { ...reply, requestBody: { $ref: "#/components/requestBodies/Pet" } },
    get: {
      ...reply,
      parameters: [
        inQuery("status", { type: "string", enum: ["sold", "free"] }, { required: true }),
        inQuery("limit", { type: "integer", maximum: 10 }),
        inQuery("all", { type: "boolean" }),
        inQuery("ids", { type: "array", items: { type: "integer" } }),
        inQuery(
          "tags",
          { type: "array", items: { type: "string" }, maxItems: 2 },
          { explode: false },
        ),
        inQuery(
          "piped",
          { type: "array", items: { type: "integer" } },
          { style: "pipeDelimited", explode: false },
        ),
        inQuery(
          "where",
          { type: "object", properties: { age: { type: "integer" } }, additionalProperties: false },
          { style: "deepObject" },
        ),
        { name: "filter", in: "query", ...jsonOf({ type: "object", required: ["a"] }) },
      ],
    },
  },
  "/r/pets/mine": { get: reply },
  "/r/pets/{id}": {
    get: {
      ...reply,
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }],
    },
  },
  "/r/files/{name}.txt": {
    get: {
      ...reply,
      parameters: [
        {
          name: "name",
          in: "path",
          required: true,
          schema: { type: "string", pattern: "^[a-z]+$" },
        },
      ],
    },
  },
  "/r/forms": {
    post: {
      ...reply,
      requestBody: {
        required: true,
        content: {
          "application/x-www-form-urlencoded": {
            schema: {
              type: "object",
              required: ["n"],
              properties: { n: { type: "integer" }, list: { type: "array" } },
            },
          },
          "multipart/form-data": {
            schema: { type: "object", properties: { n: { type: "integer" } } },
          },
          "text/*": { schema: { type: "object" } },
        },
      },
    },
  },
};

const DOCUMENT = {
  openapi: "3.0.3",
  info: { title: "pets", version: "1" },
  paths: PATHS,
  components: {
    schemas: { Pet: PET },
    parameters: { Trace: { name: "X-Trace", in: "header", schema: { type: "integer" } } },
    requestBodies: {
      Pet: { required: true, ...jsonOf({ $ref: "#/components/schemas/Pet" }) },
    },
  },
};

interface Sent extends RequestInit {
  readonly settings?: object;
  readonly document?: object;
}

async function answered(path: string, { settings = {}, document = DOCUMENT, ...init }: Sent = {}) {
  const { get, log, seen, serve } = aPluginWorld();
  const spec = JSON.stringify(document);
  await serve({ "oas-validator": { spec, verbose_errors: true, ...settings } });
  const answer = await get(path, init);
  return { status: answer.status, text: await answer.text(), seen, log };
}

/** What a request is refused for; undefined: it passed. */
async function faultOf(path: string, sent: Sent = {}): Promise<string | undefined> {
  const { status, text } = await answered(path, sent);
  if (status === 200) return undefined;
  expect(status).toBe(400);
  const { message } = JSON.parse(text);
  return message.replace("failed to validate request. ", "");
}

const posted = (body: string, type = "application/json"): Sent => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

describe("oas-validator", () => {
  it.each([
    ['{"name":"x"}', undefined],
    ['{"name":"x","kind":null,"age":1,"born":"2024-02-29","mother":{"name":"y"}}', undefined],
    ["{}", 'body: property "name" is required'],
    [
      '{"name":1}',
      'body: property "name" validation failed: wrong type: expected string, got number',
    ],
    [
      '{"name":"x","kind":"cow"}',
      'body: property "kind" validation failed: object matches none of the required',
    ],
    [
      '{"name":"x","age":0}',
      'body: property "age" validation failed: expected 0 to be greater than 0',
    ],
    [
      '{"name":"x","born":"2024-13-01"}',
      'body: property "born" validation failed: expect valid date but got: 2024-13-01',
    ],
    [
      '{"name":"x","mother":{}}',
      'body: property "mother" validation failed: property "name" is required',
    ],
    [
      '{"name":"x","id":1}',
      "body parameter 'id': readOnly property 'id' should not be sent in request",
    ],
    [
      "{bad",
      "body: invalid JSON body: Expected object key string but found invalid token at character 2",
    ],
    ["", "body: request body is required"],
  ])("of the body %s says %j", async (body, fault) => {
    expect(await faultOf("/r/pets", posted(body))).toBe(fault);
  });

  it("refuses a Content-Type that is not declared, and does not look into a body without one", async () => {
    expect(await faultOf("/r/pets", posted("x", "text/plain"))).toBe(
      "body: content type text/plain is not declared in the spec",
    );
    const body = new TextEncoder().encode("{}");
    expect(await faultOf("/r/pets", { method: "POST", body })).toBeUndefined();
  });

  it.each([
    ["n=1", "application/x-www-form-urlencoded", undefined],
    ["n=1&list=%5B1%5D", "application/x-www-form-urlencoded", undefined],
    ["n=x", "application/x-www-form-urlencoded", /property "n" validation failed: wrong type/],
    ["", "application/x-www-form-urlencoded", /request body is required/],
    [
      '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b--',
      "multipart/form-data; boundary=b",
      undefined,
    ],
    [
      '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\nx\r\n--b--',
      "multipart/form-data; boundary=b",
      /wrong type/,
    ],
    ["x", "multipart/form-data", /missing multipart boundary/],
    ["anything", "text/plain", undefined],
  ])("reads the form %j as %s", async (body, type, fault) => {
    const found = await faultOf("/r/forms", posted(body, type));
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(fault);
  });

  it.each([
    ["status=sold", undefined],
    ["status=sold&limit=10&all=true&ids=1&ids=2&tags=a,b&piped=1|2", undefined],
    ["", "query parameter 'status': required parameter is missing"],
    ["status=", "query parameter 'status': required parameter is missing"],
    ["status=lost", "query parameter 'status': matches none of the enum values"],
    ["status=sold&status=free", "query parameter 'status': wrong type: expected string, got table"],
    ["status=sold&limit=11", "query parameter 'limit': expected 11 to be at most 10"],
    ["status=sold&limit=x", "query parameter 'limit': wrong type: expected integer, got string"],
    ["status=sold&limit=nan", "query parameter 'limit': wrong type: expected integer, got string"],
    ["status=sold&all=yes", "query parameter 'all': wrong type: expected boolean, got string"],
    [
      "status=sold&ids=1&ids=x",
      "query parameter 'ids': failed to validate item 2: wrong type: expected integer, got string",
    ],
    ["status=sold&tags=a,b,c", "query parameter 'tags': expect array to have at most 2 items"],
    [
      "status=sold&piped=1|x",
      "query parameter 'piped': failed to validate item 2: wrong type: expected integer, got string",
    ],
    ["status=sold&where[age]=3", undefined],
    [
      "status=sold&where[age]=x",
      "query parameter 'where': property \"age\" validation failed: wrong type: expected integer, got string",
    ],
    [
      "status=sold&where[__proto__]=x",
      "query parameter 'where': additional properties forbidden, found __proto__",
    ],
    ["status=sold&filter=%7B%22a%22:1%7D", undefined],
    ["status=sold&filter=%7B%7D", "query parameter 'filter': property \"a\" is required"],
  ])("of the query %s says %j", async (query, fault) => {
    expect(await faultOf(`/r/pets?${query}`)).toBe(fault);
  });

  it.each([
    ["/r/pets/1", undefined],
    ["/r/pets/1/", undefined],
    ["/r/pets/x", "path parameter 'id': wrong type: expected integer, got string"],
    ["/r/pets/mine", undefined],
    ["/r/files/abc.txt", undefined],
    ["/r/files/a1.txt", /path parameter 'name': failed to match pattern/],
    ["/r/files/abc.csv", "no matching operation found for GET /r/files/abc.csv"],
    ["/r/pets/1/x", "no matching operation found for GET /r/pets/1/x"],
  ])("of the path %s says %j", async (path, fault) => {
    const found = await faultOf(path);
    if (fault instanceof RegExp) expect(found).toMatch(fault);
    else expect(found).toBe(fault);
  });

  it("knows operations by their method, and headers by any case", async () => {
    expect(await faultOf("/r/pets/1", { method: "DELETE" })).toBe(
      "no matching operation found for DELETE /r/pets/1",
    );
    expect(await faultOf("/r/pets?status=sold", { headers: { "x-TRACE": "a" } })).toBe(
      "header parameter 'X-Trace': wrong type: expected integer, got string",
    );
  });

  it("tells all that is wrong, or nothing of it", async () => {
    const sent = { headers: { "x-trace": "a" } };
    expect((await faultOf("/r/pets", sent))?.split("\n")).toHaveLength(2);
    const { status, text, seen } = await answered("/r/pets", {
      settings: { verbose_errors: false, rejection_status_code: 422 },
    });
    expect([status, text, seen.length]).toEqual([
      422,
      '{"message":"failed to validate request. "}\n',
      0,
    ]);
  });

  it.each([
    ["skip_request_body_validation", "/r/pets", posted("{}")],
    ["skip_request_header_validation", "/r/pets?status=sold", { headers: { "x-trace": "a" } }],
    ["skip_query_param_validation", "/r/pets", {}],
    ["skip_path_params_validation", "/r/pets/x", {}],
  ])("leaves out what it is to leave out: %s", async (option, path, sent) => {
    expect(await faultOf(path, sent)).toBeDefined();
    expect(await faultOf(path, { ...sent, settings: { [option]: true } })).toBeUndefined();
  });

  it("lets everything pass where it is not to refuse", async () => {
    const settings = { reject_if_not_match: false };
    const { status, seen } = await answered("/r/pets", { settings, ...posted("{}") });
    expect([status, seen[0]?.body]).toEqual([200, "{}"]);
  });

  it("answers 413 to a body beyond the limit", async () => {
    const settings = { max_req_body_size: 3 };
    expect((await answered("/r/pets", { settings, ...posted("{   }") })).status).toBe(413);
  });

  it.each([
    ["no OpenAPI", { swagger: "2.0" }, "missing or invalid 'openapi' field"],
    ["another version", { ...DOCUMENT, openapi: "4.0" }, "unsupported OpenAPI version: 4.0"],
    [
      "a reference to nothing",
      { openapi: "3.0.0", paths: { "/r": { get: { parameters: [{ $ref: "#/x" }] } } } },
      "cannot resolve $ref '#/x'",
    ],
    [
      "a keyword that is not known",
      {
        openapi: "3.1.0",
        paths: { "/r": { get: { parameters: [inQuery("q", { unevaluatedItems: false })] } } },
      },
      "unsupported OpenAPI 3.1 keyword: unevaluatedItems",
    ],
  ])("answers 500 where the document has %s, and tells the log", async (_, document, reason) => {
    const { status, text, log } = await answered("/r", { document });
    expect([status, text]).toEqual([500, '{"message":"failed to parse openapi spec"}\n']);
    expect(log.join()).toContain(reason);
  });

  it.each([
    ['{"kind":"a"}', undefined],
    ['{"kind":null}', undefined],
    ['{"kind":"b"}', /failed to check const value|matches none/],
    ['{"pair":["a",1]}', undefined],
    ['{"pair":["a","b"]}', /failed to validate item 2/],
    ['{"pair":["a",1,2]}', /failed to validate additional item 3/],
    ['{"a":1}', /property "b" is required when "a" is set/],
    ['{"named":"toolong"}', /allOf 2 failed: string too long/],
  ])("knows what is new in 3.1: %s", async (body, fault) => {
    const schema = {
      type: "object",
      dependentRequired: { a: ["b"] },
      properties: {
        kind: { anyOf: [{ const: "a" }, { type: "null" }] },
        pair: {
          prefixItems: [{ type: "string" }, { type: "integer" }],
          items: { type: "boolean" },
        },
        named: { $ref: "#/components/schemas/Name", maxLength: 3 },
      },
    };
    const document = {
      openapi: "3.1.0",
      paths: { "/r": { post: { requestBody: jsonOf(schema) } } },
      components: { schemas: { Name: { type: "string" } } },
    };
    const found = await faultOf("/r", { document, ...posted(body) });
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(fault);
  });
});
