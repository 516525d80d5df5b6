import { describe, expect, it } from "vitest";
import {
  JsonPathError,
  locateJsonPath,
  parseJsonPath,
  queryJsonPath,
} from "../../../shared/expression/json-path.ts";
import type { JsonValue } from "../../../shared/expression/variables.ts";

const BODY: JsonValue = {
  items: [{ k: "v1", n: 1 }, { k: "v2", in: { k: "v3" } }, 5],
  "a b": { "c.d": "e" },
  k: null,
};

describe("a JSONPath", () => {
  it.each<[path: string, found: JsonValue[]]>([
    ["items[*].k", ["v1", "v2"]],
    ["items[0].k", ["v1"]],
    ["items[-1]", [5]],
    ["items[9]", []],
    ["items[0,2]", [{ k: "v1", n: 1 }, 5]],
    ["items[0:2].k", ["v1", "v2"]],
    ["items[::2].k", ["v1"]],
    ["items[1:]", [{ k: "v2", in: { k: "v3" } }, 5]],
    ["items.*.n", [1]],
    ["items..k", ["v1", "v2", "v3"]],
    [".k", [null]],
    ["..in.k", ["v3"]],
    [
      "items..*",
      [{ k: "v1", n: 1 }, { k: "v2", in: { k: "v3" } }, 5, "v1", 1, "v2", { k: "v3" }, "v3"],
    ],
    ["['a b']['c.d']", ["e"]],
    ['["a b"]["c.d"]', ["e"]],
    ["['k','items'][2]", [5]],
    ["items.k", []],
    ["items.length", []],
    ["__proto__", []],
    ["items[*].in[*]", ["v3"]],
  ])("%s finds %j", (path, found) => {
    expect(queryJsonPath(parseJsonPath(path), BODY)).toEqual(found);
  });

  it.each([
    "",
    "[",
    "a[",
    "a[]",
    "a[1",
    "a.",
    "a..",
    "a]",
    "a[x]",
    "a[1 2]",
    "a b",
    "['a'",
    "a[1,]",
    "a[**]",
  ])("%j is none", (path) => {
    expect(() => parseJsonPath(path)).toThrow(JsonPathError);
    expect(() => parseJsonPath(path)).toThrow("something that is no JSONPath");
  });

  it.each(["a[?(@.b==1)]", "a[(@.length-1)]", "a[?( @.b )].c"])(
    "%j would have to be run",
    (path) => {
      expect(() => parseJsonPath(path)).toThrow("a filter or script at 2");
    },
  );

  it("goes as deep as a body does", () => {
    let deep: JsonValue = { k: "bottom" };
    for (let i = 0; i < 50_000; i++) deep = [deep];
    expect(queryJsonPath(parseJsonPath("..k"), deep)).toEqual(["bottom"]);
  });
});

describe("the places of a JSONPath", () => {
  it.each<[path: string, keys: (string | number)[]]>([
    ["items[*].k", ["k", "k"]],
    ["items[-1]", [2]],
    ["items[::2]", [0, 2]],
    ["items[1,9]", [1]],
    ["*", ["items", "a b", "k"]],
    ["..k", ["k", "k", "k", "k"]],
    ["nowhere.at.all", []],
  ])("%s are where its values lie", (path, keys) => {
    const places = locateJsonPath(parseJsonPath(path), BODY);
    expect(places.map(({ key }) => key)).toEqual(keys);
    for (const { holder, key, value } of places) {
      expect((holder as Record<string | number, JsonValue>)[key]).toBe(value);
    }
  });
});
