import { describe, expect, it } from "vitest";
import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";

/** Schema, value, and what api7/jsonschema says of it. */
type Row = readonly [schema: JsonSchema, value: unknown, fault: string | undefined];

const wordsOf = (...given: Parameters<typeof checkSchema>) => checkSchema(...given)?.words;

const PORT: JsonSchema = { type: "integer", minimum: 1, maximum: 65535 };
const LABELS: JsonSchema = {
  type: "object",
  patternProperties: { ".*": { type: "string", pattern: "^\\S+$" } },
};

const TYPES: readonly Row[] = [
  [{ type: "string" }, 5, "wrong type: expected string, got number"],
  [{ type: "string" }, null, "wrong type: expected string, got userdata"],
  [{ type: "object" }, [1], "wrong type: expected object, got table"],
  [{ type: "array" }, { a: 1 }, "wrong type: expected array, got table"],
  [{ type: "integer" }, 1.5, "wrong type: expected integer, got number"],
  [
    { type: ["string", "integer"] },
    true,
    "wrong type: expected one of string, integer, got boolean",
  ],
  [{ type: "object" }, [], undefined],
  [{ type: "array" }, {}, undefined],
  [{ type: "integer" }, 1, undefined],
  [{ type: "null" }, null, undefined],
  [{}, null, undefined],
];

const OBJECTS: readonly Row[] = [
  [{ required: ["a"] }, {}, 'property "a" is required'],
  [{ properties: { a: {} }, required: ["a"] }, {}, 'property "a" is required'],
  [{ properties: { a: {} }, required: ["a"] }, { a: null }, undefined],
  [
    { properties: { a: { properties: { b: PORT } } } },
    { a: { b: 0 } },
    'property "a" validation failed: property "b" validation failed: expected 0 to be at least 1',
  ],
  [{ additionalProperties: false }, { y: 1 }, "additional properties forbidden, found y"],
  [{ properties: { y: {} }, additionalProperties: false }, { y: 1 }, undefined],
  [
    { additionalProperties: { type: "string" } },
    { y: 1 },
    "failed to validate additional property y: wrong type: expected string, got number",
  ],
  [
    LABELS,
    { a: "b c" },
    'failed to validate a (matching ".*"): failed to match pattern "^\\\\S+$" with "b c"',
  ],
  [{ patternProperties: { "^x": {} }, additionalProperties: false }, { xy: 1 }, undefined],
  [
    { patternProperties: { "^x": {} }, additionalProperties: false },
    { y: 1 },
    "additional properties forbidden, found y",
  ],
  [{ maxProperties: 1 }, { a: 1, b: 2 }, "expect object to have at most 1 properties"],
  [{ minProperties: 1 }, {}, "expect object to have at least 1 properties"],
  [{ dependencies: { a: ["b"] } }, { a: 1 }, 'property "b" is required when "a" is set'],
  [{ properties: { a: {} }, dependencies: { a: ["b"] } }, { a: 1, b: 1 }, undefined],
  [
    { properties: { a: {} }, dependencies: { a: { not: { required: ["c"] } } } },
    { a: 1, c: 1 },
    'failed to validate dependent schema for "a": value wasn\'t supposed to match schema',
  ],
  [{ properties: { a: PORT }, required: ["a"] }, [1], undefined],
];

const LISTS: readonly Row[] = [
  [{ minItems: 1 }, [], "expect array to have at least 1 items"],
  [{ minItems: 1 }, {}, "expect array to have at least 1 items"],
  [{ maxItems: 1 }, [1, 2], "expect array to have at most 1 items"],
  [{ items: PORT }, [1, 0], "failed to validate item 2: expected 0 to be at least 1"],
  [
    { items: [{ type: "string" }, PORT] },
    ["a", "b", "c"],
    "failed to validate item 2: wrong type: expected integer, got string",
  ],
  [{ items: [PORT] }, [1, "x"], undefined],
  [{ uniqueItems: true }, ["a", "b", "a"], "expected unique items but items 1 and 3 are equal"],
  [
    { uniqueItems: true },
    [{ a: 1, b: [] }, 1, { b: {}, a: 1 }],
    "expected unique items but items 1 and 3 are equal",
  ],
  [{ uniqueItems: true }, [1, "1", true, null, [1], {}], undefined],
  [{ minItems: 1, items: PORT, uniqueItems: true }, { a: 1 }, undefined],
];

const SCALARS: readonly Row[] = [
  [{ minLength: 1 }, "", "string too short, expected at least 1, got 0"],
  [{ maxLength: 2 }, "äöü", "string too long, expected at most 2, got 3"],
  [{ maxLength: 1 }, "😀", undefined],
  [{ pattern: "^/" }, 'a"b\\c\nd\t1', 'failed to match pattern "^/" with "a\\"b\\\\c\\\nd\\0091"'],
  [{ pattern: "^.$" }, "é", 'failed to match pattern "^.$" with "é"'],
  [{ minimum: 0 }, -1, "expected -1 to be at least 0"],
  [{ maximum: 1 }, 1.5, "expected 1.5 to be at most 1"],
  [{ exclusiveMinimum: 0 }, 0, "expected 0 to be greater than 0"],
  [{ exclusiveMaximum: 1 }, 1, "expected 1 to be smaller than 1"],
  [{ maximum: 9 }, 1e15, "expected 1e+15 to be at most 9"],
  [{ multipleOf: 5 }, 7, "expected 7 to be a multiple of 5"],
  [{ minimum: 1, minLength: 1, minItems: 1, minProperties: 1 }, true, undefined],
];

const REQUIRED = (...fields: string[]): JsonSchema => ({ required: fields });
const COMBINATIONS: readonly Row[] = [
  [{ enum: ["a", 1, true] }, "b", "matches none of the enum values"],
  [{ enum: ["a", 1, true] }, 1, undefined],
  [{ enum: ["1"] }, 1, "matches none of the enum values"],
  [{ const: { a: [1] } }, { a: [1] }, undefined],
  [{ const: 1 }, 2, "failed to check const value"],
  [{ anyOf: [PORT, { type: "boolean" }] }, "x", "object matches none of the required"],
  [
    { anyOf: [REQUIRED("a", "b"), REQUIRED("c")] },
    {},
    'object matches none of the required: ["a","b"] or ["c"]',
  ],
  [
    { oneOf: [REQUIRED("a"), REQUIRED("b")] },
    {},
    "value should match only one schema, but matches none",
  ],
  [
    { oneOf: [REQUIRED("a"), REQUIRED("x"), REQUIRED("b")] },
    { a: 1, b: 1 },
    "value should match only one schema, but matches both schemas 1 and 3",
  ],
  [{ allOf: [{}, REQUIRED("a")] }, {}, 'allOf 2 failed: property "a" is required'],
  [{ not: REQUIRED("a") }, { a: 1 }, "value wasn't supposed to match schema"],
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword.
  [{ if: REQUIRED("a"), then: REQUIRED("b") }, { a: 1 }, "then clause did not match"],
  [{ if: REQUIRED("a"), else: REQUIRED("b") }, {}, "else clause did not match"],
  [{ if: REQUIRED("a") }, {}, undefined],
  [{ format: "ipv4" }, "1.2.3", "expect valid ipv4 address but got: 1.2.3"],
  [{ format: "ipv4" }, "::1", "expect valid ipv4 address but got: ::1"],
  [{ format: "ipv6" }, "::1", undefined],
  [{ format: "ipv6" }, 5, undefined],
];

describe.each([
  ["types", TYPES],
  ["objects", OBJECTS],
  ["lists", LISTS],
  ["texts and numbers", SCALARS],
  ["combinations", COMBINATIONS],
])("the words for %s", (_, rows) => {
  it.each(rows)("%j of %j: %s", (schema, value, fault) => {
    expect(wordsOf(schema, value)).toBe(fault);
  });
});

describe("which of several faults is told", () => {
  it("is the type before anything else", () => {
    expect(wordsOf({ type: "string", enum: ["a"], anyOf: [PORT] }, 5)).toMatch(/^wrong type/);
  });

  it("is a known field before an unknown one, and that before combinations", () => {
    const schema: JsonSchema = {
      properties: { a: PORT },
      additionalProperties: false,
      anyOf: [REQUIRED("b")],
    };
    expect(wordsOf(schema, { z: 1, a: 0 })).toMatch(/^property "a"/);
    expect(wordsOf(schema, { z: 1, a: 1 })).toMatch(/^additional properties/);
    expect(wordsOf(schema, { a: 1 })).toMatch(/^object matches none/);
  });

  it("is the length before the pattern, and the range before the enum", () => {
    expect(wordsOf({ minLength: 3, pattern: "^b" }, "a")).toMatch(/^string too short/);
    expect(wordsOf({ minimum: 3, enum: [5] }, 1)).toMatch(/^expected 1/);
  });
});

describe("defaults", () => {
  it("are filled in inside objects that are present, each time anew", () => {
    const schema: JsonSchema = {
      properties: { list: { default: [] }, inner: { properties: { a: { default: false } } } },
    };
    const [first, second] = [{ inner: {} }, {}] as const;
    expect(wordsOf(schema, first)).toBeUndefined();
    expect(wordsOf(schema, second)).toBeUndefined();
    expect(first).toEqual({ list: [], inner: { a: false } });
    expect(second).toEqual({ list: [] });
    expect((first as { list?: unknown }).list).not.toBe((second as { list?: unknown }).list);
  });

  it("count for the conditions that come after them", () => {
    const schema: JsonSchema = {
      properties: { policy: { default: "local" } },
      if: { properties: { policy: { enum: ["local"] } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword.
      then: REQUIRED("count"),
    };
    expect(wordsOf(schema, {})).toBe("then clause did not match");
  });
});

describe("references to secrets", () => {
  const schema: JsonSchema = {
    properties: {
      text: { type: "string", pattern: "^x", minLength: 100 },
      either: { oneOf: [{ type: "integer" }, { type: "string", minLength: 100 }] },
      number: { type: "integer" },
    },
  };

  it("pass where a text may stand, whatever else is said of it", () => {
    const value = { text: "$secret://vault/1/a/b", either: "$ENV://A" };
    expect(wordsOf(schema, value, { allowsReferences: true })).toBeUndefined();
    expect(wordsOf(schema, value)).toMatch(/^property "text"/);
  });

  it("are texts all the same: no number is one", () => {
    const fault = wordsOf(schema, { number: "$env://A" }, { allowsReferences: true });
    expect(fault).toMatch(/expected integer, got string$/);
  });
});

describe("names that objects have by themselves", () => {
  it("are no fields", () => {
    expect(wordsOf(REQUIRED("constructor"), {})).toBe('property "constructor" is required');
    const value = JSON.parse('{"__proto__": 5}');
    expect(wordsOf({ additionalProperties: false, properties: {} }, value)).toBe(
      "additional properties forbidden, found __proto__",
    );
    expect(wordsOf({ dependencies: { toString: ["a"] } }, {})).toBeUndefined();
  });
});
