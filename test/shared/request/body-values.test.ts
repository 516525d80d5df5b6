import { describe, expect, it } from "vitest";
import { BodyNeeded, type JsonValue } from "../../../shared/expression/variables.ts";
import { BodyValues, type ReadBody } from "../../../shared/request/body-values.ts";

const JSON_TYPE = "application/json";
const FORM = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data; boundary=XX";

const encode = (text: string) => new TextEncoder().encode(text);

function request(type: string | undefined, length?: number, body: BodyInit | null = "x") {
  const headers = new Headers(type === undefined ? {} : { "content-type": type });
  if (length !== undefined) headers.set("content-length", String(length));
  // A body of bytes has no type of its own, as one from the network has none.
  const sent = typeof body === "string" ? encode(body) : body;
  return new Request("http://x.test/", { method: "POST", headers, body: sent });
}

const valuesOf = (type: string | undefined, body: string | ReadBody) =>
  new BodyValues(request(type), 64, typeof body === "string" ? encode(body) : body);

describe("post_arg_NAME", () => {
  it.each<[type: string, body: string, value: JsonValue | undefined]>([
    [FORM, "n=1&n=2", "1"],
    [FORM, "n", true],
    [FORM, "n=", ""],
    [FORM, "n=a+b%20c", "a b c"],
    [FORM, "m=1", undefined],
    [FORM, "", undefined],
    [`${FORM}; charset=utf-8`, "n=1", "1"],
    [`${FORM}X`, "n=1", "1"],
    ["Application/X-www-form-urlencoded", "n=1", undefined],
    [` text/plain, ${FORM}`, "n=1", undefined],
    [JSON_TYPE, '{"n":"1"}', undefined],
  ])("of %s %s is %j", (type, body, value) => {
    expect(valuesOf(type, body).formField("n")).toBe(value);
  });

  it("is not there without a Content-Type", () => {
    expect(valuesOf(undefined, "n=1").formField("n")).toBeUndefined();
  });
});

describe("post_arg.PATH", () => {
  const body = JSON.stringify({
    model: "m",
    a: { b: { c: 5 } },
    items: [{ k: "v1" }, { k: "v2" }],
    none: null,
    "x.y": 1,
    ok: false,
  });

  it.each<[path: string, value: JsonValue | undefined]>([
    ["model", "m"],
    ["a.b.c", 5],
    ["a.b", { c: 5 }],
    ["none", null],
    ["ok", false],
    ["items", [{ k: "v1" }, { k: "v2" }]],
    ["nope", undefined],
    ["model.length", undefined],
    ["items.0", undefined],
    ["none.x", undefined],
    ["x.y", undefined],
    ["toString", undefined],
    ["__proto__", undefined],
    ["items[*].k", ["v1", "v2"]],
    ["items[0].k", ["v1"]],
    ["items[5].k", undefined],
    ["a..c", [5]],
    ["a.*", [{ c: 5 }]],
    ["items[", undefined],
    ["items[?(@.k)]", undefined],
  ])("%s in JSON is %j", (path, value) => {
    expect(valuesOf(JSON_TYPE, body).field(path)).toEqual(value);
  });

  it.each<[type: string, body: string, path: string, value: JsonValue | undefined]>([
    ["application/json; charset=utf-8", '{"n":1}', "n", 1],
    ["text/plain, application/json", '{"n":1}', "n", 1],
    ["application/vnd.api+json", '{"n":1}', "n", undefined],
    ["text/plain", '{"n":1}', "n", undefined],
    [JSON_TYPE, '{"n":', "n", undefined],
    [JSON_TYPE, "", "n", undefined],
    [JSON_TYPE, "[1,2]", "n", undefined],
    [JSON_TYPE, "[1,2]", "[0]", [1]],
    [JSON_TYPE, '"text"', "n", undefined],
    [JSON_TYPE, "null", "n", undefined],
    [JSON_TYPE, '{"n":1,"n":2}', "n", 2],
    [JSON_TYPE, '{"é":"ü"}', "é", "ü"],
    [FORM, "n=1&m=2", "n", "1"],
    [FORM, "n=1&n=2&n", "n", ["1", "2", true]],
    [FORM, "n", "n", true],
    [FORM, "a.b=1", "a.b", undefined],
    [FORM, "n=1&n=2", "n[*]", ["1", "2"]],
    [MULTIPART, '--XX\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--XX--', "n", "1"],
    ["multipart/form-data", "--XX\r\n", "n", undefined],
  ])("%s %s: %s is %j", (type, text, path, value) => {
    expect(valuesOf(type, text).field(path)).toEqual(value);
  });

  it("keeps bytes that are no UTF-8 apart from the characters of their numbers", () => {
    const bytes = Uint8Array.from([...encode("n="), 0xff]);
    expect(valuesOf(FORM, bytes).field("n")).toBe("\udcff");
  });
});

describe("GraphQL in a body", () => {
  it.each([
    ["application/graphql", "query Q { a }", "Q"],
    [JSON_TYPE, '{"query":"query Q { a }","variables":{}}', "Q"],
    [JSON_TYPE, "query Q { a }", undefined],
    [JSON_TYPE, '{"query":5}', undefined],
    [JSON_TYPE, "[]", undefined],
    // APISIX takes no other writing of the type.
    ["application/json; charset=utf-8", '{"query":"query Q { a }"}', undefined],
    ["application/json; charset=utf-8", "query Q { a }", "Q"],
  ])("of the type %s, %s, has the name %j", (type, body, name) => {
    expect(valuesOf(type, body).graphql()?.name).toBe(name);
  });
});

describe("a body that has not been read", () => {
  const asked = (values: BodyValues) => [
    () => values.formField("n"),
    () => values.field("nn"),
    () => values.graphql(),
  ];
  const nothingIn = (values: BodyValues) => {
    for (const ask of asked(values)) expect(ask()).toBeUndefined();
  };

  it("is asked for where its type says that it matters", () => {
    for (const ask of asked(new BodyValues(request(FORM), 64, undefined))) {
      expect(ask).toThrow(BodyNeeded);
    }
    const multipart = new BodyValues(request(MULTIPART), 64, undefined);
    expect(() => multipart.field("n")).toThrow(BodyNeeded);
  });

  it("is not asked for where its type says that it does not", () => {
    const values = new BodyValues(request("text/plain"), 64, undefined);
    expect(values.formField("n")).toBeUndefined();
    expect(values.field("n")).toBeUndefined();
  });

  it("is not asked for where there is none", () => {
    nothingIn(new BodyValues(request(FORM, undefined, null), 64, undefined));
    nothingIn(new BodyValues(request(FORM, 0), 64, undefined));
  });

  it("is not asked for where it says that it is too long, but up to the limit it is", () => {
    nothingIn(new BodyValues(request(FORM, 65), 64, undefined));
    for (const ask of asked(new BodyValues(request(FORM, 64), 64, undefined))) {
      expect(ask).toThrow(BodyNeeded);
    }
  });

  it("has nothing in it where it was found to be too long", () => {
    nothingIn(valuesOf(FORM, "too long"));
    nothingIn(valuesOf(JSON_TYPE, "too long"));
  });
});
