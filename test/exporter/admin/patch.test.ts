import { describe, expect, it } from "vitest";
import { merge, replaceAt, SubPathError } from "../../../exporter/admin/patch.ts";

describe("a patch", () => {
  it.each([
    [
      "merges objects at any depth",
      { a: { b: { c: 1 } } },
      { a: { b: { d: 2 } } },
      { a: { b: { c: 1, d: 2 } } },
    ],
    ["replaces lists and scalars", { a: [1, 2], b: 1 }, { a: [3], b: "x" }, { a: [3], b: "x" }],
    [
      "takes away what is null",
      { a: { b: 1, c: 2 }, d: 3 },
      { a: { b: null }, d: null },
      { a: { c: 2 } },
    ],
    ["keeps a null in an object that is new", {}, { a: { b: null } }, { a: { b: null } }],
    ["and in one that was empty", { a: {} }, { a: { b: null } }, { a: { b: null } }],
    [
      "replaces a map by a list",
      { nodes: { "a:1": 1 } },
      { nodes: [{ host: "a" }] },
      { nodes: [{ host: "a" }] },
    ],
    [
      "replaces a list by a map",
      { nodes: [{ host: "a" }] },
      { nodes: { "a:1": 1 } },
      { nodes: { "a:1": 1 } },
    ],
    ["changes nothing by an empty object", { a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
    ["replaces by an empty list", { a: { b: 1 } }, { a: [] }, { a: [] }],
    ["ignores a null for what is not there", { a: 1 }, { b: null }, { a: 1 }],
  ] as const)("%s", (_name, value, patch, wanted) => {
    const before = JSON.stringify([value, patch]);
    expect(merge(value, patch)).toEqual(wanted);
    expect(JSON.stringify([value, patch])).toBe(before);
  });

  it("makes fields of all names, and changes no prototype", () => {
    const patch = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": 2}}');
    const merged = merge(JSON.parse('{"__proto__": {"own": 1}}'), patch);
    expect(JSON.stringify(merged)).toBe(
      '{"__proto__":{"own":1,"polluted":1},"constructor":{"prototype":2}}',
    );
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("at a path replaces what is there, and makes the way to it", () => {
    const value = { upstream: { nodes: { "a:1": 1 } } };
    expect(replaceAt(value, ["upstream", "nodes", "b:1"], 7)).toEqual({
      upstream: { nodes: { "a:1": 1, "b:1": 7 } },
    });
    expect(replaceAt(value, ["labels", "a", "b"], "x")).toEqual({
      ...value,
      labels: { a: { b: "x" } },
    });
    expect(replaceAt(value, ["upstream"], null)).toEqual({ upstream: null });
    expect(replaceAt({ plugins: [] }, ["plugins", "cors"], {})).toEqual({ plugins: { cors: {} } });
    expect(JSON.stringify(replaceAt({}, ["__proto__", "polluted"], 1))).toBe(
      '{"__proto__":{"polluted":1}}',
    );
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("at a path goes through nothing but objects", () => {
    for (const value of [{ a: "text" }, { a: 1 }, { a: [1] }, { a: null }, { a: true }]) {
      expect(() => replaceAt(value, ["a", "b"], 1)).toThrow(SubPathError);
    }
  });
});
