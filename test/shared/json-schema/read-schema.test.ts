import { describe, expect, it } from "vitest";
import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { readSchema, SchemaError } from "../../../shared/json-schema/read-schema.ts";

const wordsOf = (schema: unknown, value: unknown) => checkSchema(readSchema(schema), value)?.words;

describe("a schema of somebody else's", () => {
  it.each<[schema: unknown, value: unknown, words: string | undefined]>([
    [true, 5, undefined],
    [false, 5, "value wasn't supposed to match schema"],
    [{ properties: { a: false } }, {}, undefined],
    [{ properties: { a: false } }, { a: 1 }, expect.stringContaining('property "a"')],
    [{ type: "table" }, [1], undefined],
    [{ type: "table" }, 1, "wrong type: expected table, got number"],
    [{ items: [{ type: "string" }], additionalItems: false }, ["a"], undefined],
    [
      { items: [{ type: "string" }], additionalItems: false },
      ["a", 1],
      "found unexpected extra items in array",
    ],
    [
      { items: [true], additionalItems: { type: "string" } },
      ["a", "b", 1],
      "failed to validate additional item 3: wrong type: expected string, got number",
    ],
    [{ contains: { type: "number" } }, ["a", 1], undefined],
    [{ contains: { type: "number" } }, ["a"], "failed to check contains"],
    [{ contains: { type: "number" } }, [], "check contains: empty array is invalid"],
    [{ enum: [{ a: [1] }, null] }, { a: [1] }, undefined],
    [{ enum: [{ a: [1] }, null] }, null, undefined],
    [{ enum: [{ a: [1] }, null] }, { a: [2] }, "matches none of the enum values"],
    [{ dependencies: { a: { required: ["b"] } } }, { a: 1 }, expect.stringContaining("dependent")],
    [{ required: true }, {}, undefined],
    [
      { patternProperties: { "^n": { type: "number" } } },
      { n1: "x" },
      expect.stringContaining("n1"),
    ],
    [{ additionalProperties: { type: "string" } }, { a: 1 }, expect.stringContaining("property a")],
    [
      JSON.parse('{"if": {"required": ["a"]}, "then": {"required": ["b"]}}'),
      { a: 1 },
      "then clause did not match",
    ],
    [{ format: "no-such" }, "x", undefined],
  ])("%j of %j says %j", (schema, value, words) => {
    expect(wordsOf(schema, value)).toEqual(words);
  });

  it.each([
    ["#/definitions/a~1b", { "a/b": { type: "string" } }],
    ["#/definitions/a~0b", { "a~b": { type: "string" } }],
    ["#/definitions/a%20b", { "a b": { type: "string" } }],
    ["#/definitions/x", { x: { $ref: "#/definitions/y" }, y: { type: "string" } }],
    ["#/definitions/list/0", { list: [{ type: "string" }] }],
  ])("finds what %s refers to", (reference, definitions) => {
    const schema = { properties: { a: { $ref: reference, minLength: 5 } }, definitions };
    expect(wordsOf(schema, { a: "x" })).toBeUndefined();
    expect(wordsOf(schema, { a: 1 })).toContain("expected string");
  });

  it("may refer to itself as a whole, and go in circles", () => {
    const tree = { type: "object", properties: { left: { $ref: "#" }, right: { $ref: "#" } } };
    expect(wordsOf(tree, { left: { right: {} } })).toBeUndefined();
    expect(wordsOf(tree, { left: { right: 1 } })).toBe(
      'property "left" validation failed: property "right" validation failed: ' +
        "wrong type: expected object, got number",
    );
  });

  it.each<[unknown, string]>([
    [5, "a schema must be an object or a boolean"],
    [{ properties: { a: null } }, "a schema must be an object or a boolean"],
    [{ properties: [] }, "properties must be an object"],
    [{ allOf: {} }, "allOf must be a list"],
    [{ enum: "a" }, "enum must be a list"],
    [{ required: "a" }, "required must be a list of texts"],
    [{ minimum: "1" }, "minimum must be a number"],
    [{ type: "text" }, 'invalid JSON type: "text"'],
    [{ type: ["string", 1] }, "invalid JSON type: 1"],
    [{ pattern: "(" }, "the pattern (: "],
    [{ patternProperties: { "[": {} } }, "the pattern [: "],
    [{ pattern: "(?R)" }, "the pattern (?R): "],
    [{ $ref: 1 }, "a $ref must be a text"],
    [{ $ref: "#/a" }, "cannot resolve $ref '#/a'"],
    [{ $ref: "#/__proto__" }, "cannot resolve $ref '#/__proto__'"],
    [{ $ref: "#name" }, "cannot resolve $ref '#name'"],
    [{ $ref: "http://a.test/b" }, "external $ref not supported: http://a.test/b"],
    [{ $ref: "#/a", a: { $ref: "#/b" }, b: { $ref: "#/a" } }, "refers to itself"],
  ])("is refused as %j", (schema, reason) => {
    expect(() => readSchema(schema)).toThrow(SchemaError);
    expect(() => readSchema(schema)).toThrow(reason);
  });

  it("stays as it was", () => {
    const schema = { properties: { a: { $ref: "#/definitions/a" } }, definitions: { a: {} } };
    const before = JSON.stringify(schema);
    readSchema(schema);
    expect(JSON.stringify(schema)).toBe(before);
  });
});

describe("a format", () => {
  it.each([
    ["ipv4", "10.0.0.1", "::1"],
    ["ipv6", "::1", "10.0.0.1"],
    ["email", "user@example.com", "user@"],
    ["hostname", "example.com", "exam ple.com"],
    ["uuid", "550E8400-e29b-41d4-a716-446655440000", "550e8400e29b41d4a716446655440000"],
    ["date", "2024-12-31", "2024-13-01"],
    ["date-time", "2024-01-15T10:30:00.123+08:00", "2024-01-15T10:30:00"],
    ["uri", "urn:isbn:0451450523", "/just/a/path"],
  ])("%s is that of %s, not of %s", (format, good, bad) => {
    expect(wordsOf({ format }, good)).toBeUndefined();
    expect(wordsOf({ format }, bad)).toMatch(/^expect valid .* but got: /);
    expect(wordsOf({ format }, 5)).toBeUndefined();
  });
});
