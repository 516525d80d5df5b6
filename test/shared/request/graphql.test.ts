import { describe, expect, it } from "vitest";
import { parseGraphql } from "../../../shared/request/graphql.ts";

describe("a GraphQL document", () => {
  it.each<[text: string, operation: string | undefined, name: string, fields: string[]]>([
    ["{ a b }", "query", "", ["a", "b"]],
    ["query { a }", "query", "", ["a"]],
    ["query Q { a }", "query", "Q", ["a"]],
    ["mutation M { a }", "mutation", "M", ["a"]],
    ["query query { query }", "query", "query", ["query"]],
    ["{ a, b, }", "query", "", ["a", "b"]],
    ["{ a a }", "query", "", ["a", "a"]],
    ["{ a { b { c } } d }", "query", "", ["a", "d"]],
    ["{ alias: a }", "query", "", ["a"]],
    ["{ a(x: 1, y: -2.5e3, z: true) }", "query", "", ["a"]],
    ['{ a(x: "}", y: """b "c" \\""" }""") b }', "query", "", ["a", "b"]],
    ["{ a(x: [1, [2]], y: {k: $v, l: [E]}, z: null) }", "query", "", ["a"]],
    ["query Q($v: [Int!]! = [1] @d, $w: String) { a(x: $v) }", "query", "Q", ["a"]],
    ["query Q @d(x: 1) @e { a @include(if: $v) }", "query", "Q", ["a"]],
    ["{ a ...F ... on T { b } ... { c } ... @d { e } g }", "query", "", ["a", "F", "g"]],
    ["{ on }", "query", "", ["on"]],
    ["fragment F on T { a }", undefined, "F", ["a"]],
    ["query Q { a } mutation M { b }", "query", "Q", ["a"]],
    ["fragment F on T { a } query Q { b }", undefined, "F", ["a"]],
    ["\uFEFF# {x}\n{ a # }\n}", "query", "", ["a"]],
    ["{a}", "query", "", ["a"]],
  ])("%s tells its first definition", (text, operation, name, rootFields) => {
    expect(parseGraphql(text)).toEqual({ operation, name, rootFields });
  });

  it.each([
    [""],
    ["   # only a comment"],
    ["a"],
    ["{ a"],
    ["{ }"],
    ["{ a } }"],
    ["query Q"],
    ["query Q() { a }"],
    ["query Q($v) { a }"],
    ["{ a() }"],
    ["{ a(x) }"],
    ['{ a(x: "open) }'],
    ['{ a(x: "line\nbreak") }'],
    ["{ a(x: 01) }"],
    ["{ a(x: 1b) }"],
    ["{ a: }"],
    ["{ a ; b }"],
    ["fragment on on T { a }"],
    ["fragment F { a }"],
    ["subscription S { a }"],
    ["query Q { a } subscription S { b }"],
    ["type T { a: Int }"],
    ["{ a } junk"],
    ["{ a } \u0000"],
  ])("is not %j", (text) => {
    expect(parseGraphql(text)).toBeUndefined();
  });

  it("may be deep, but not for ever", () => {
    const nested = (levels: number) => `${"{a".repeat(levels)}${"}".repeat(levels)}`;
    expect(parseGraphql(nested(200))?.rootFields).toEqual(["a"]);
    expect(parseGraphql(nested(201))).toBeUndefined();
    expect(parseGraphql(`{a(x: ${"[".repeat(100_000)}`)).toBeUndefined();
  });

  it("may be as long as APISIX takes it, and no longer", () => {
    const padded = (length: number) => `{a}${" ".repeat(length - 3)}`;
    expect(parseGraphql(padded(1024 * 1024))?.rootFields).toEqual(["a"]);
    expect(parseGraphql(padded(1024 * 1024 + 1))).toBeUndefined();
  });
});
