import { describe, expect, it } from "vitest";
import {
  acceptsRest,
  matchPattern,
  pathEntry,
  restCaptures,
  withNames,
  withoutNames,
} from "../../../shared/routing/path-pattern.ts";
import { SoughtRoute } from "../../../shared/routing/sought-route.ts";
import { seededRandom } from "../../support/random.ts";

/** What the pattern captured, by name; undefined where it does not match. */
function captured(pattern: string, path: string): Record<string, string> | undefined {
  const captures = matchPattern(pattern, path);
  if (!captures) return undefined;
  return Object.fromEntries(
    captures.map(({ name, nameEnd, from, to }) => [
      pattern.slice(name, nameEnd) || ":ext",
      path.slice(from, to),
    ]),
  );
}

describe("a path's entry", () => {
  it.each([
    ["radixtree_uri", "/foo", "exact", "/foo"],
    ["radixtree_uri", "/foo*", "prefix", "/foo"],
    ["radixtree_uri", "/foo/*", "prefix", "/foo/"],
    ["radixtree_uri", "/a/*/b*", "prefix", "/a/"],
    ["radixtree_uri", "*", "prefix", ""],
    ["radixtree_uri", "/u/:id", "exact", "/u/:id"],
    ["radixtree_host_uri", "/u/:id/*", "prefix", "/u/:id/"],
    ["radixtree_uri_with_parameter", "/u/:id", "prefix", "/u/"],
    ["radixtree_uri_with_parameter", "/co:lon/z", "prefix", "/co"],
    ["radixtree_uri_with_parameter", "/a/*/:x", "prefix", "/a/*/"],
    ["radixtree_uri_with_parameter", "/a/:x/*", "prefix", "/a/"],
    ["radixtree_uri_with_parameter", "/a/*", "prefix", "/a/"],
    ["radixtree_uri_with_parameter", "/a", "exact", "/a"],
  ] as const)("in %s, %s is %s %s", (router, path, kind, text) => {
    expect(pathEntry(router, path)).toEqual({ kind, text });
  });
});

describe("a pattern without captures accepts what its prefix let in", () => {
  it.each(["/foo*", "/foo*bar", "/co:lon", "/foo*bar/baz"])("%s", (pattern) => {
    expect(captured(pattern, "/anything")).toEqual({});
  });
});

describe("a pattern with captures spans the whole path", () => {
  it.each([
    ["*", "", { ":ext": "" }],
    ["*", "/a/b", { ":ext": "/a/b" }],
    ["/*", "/", { ":ext": "" }],
    ["/foo/*", "/foo/a/b\nc", { ":ext": "a/b\nc" }],
    ["/foo/*", "/foo", undefined],
    ["/foo/*rest", "/foo/a", { rest: "a" }],
    ["/a/*/b", "/a/x/b", { ":ext": "x" }],
    ["/a/*/b", "/a/x/y/b", { ":ext": "x/y" }],
    ["/a/*/b", "/a//b", { ":ext": "" }],
    ["/a/*/b", "/a/b", undefined],
    ["/a/*/b", "/a/x/b/c", undefined],
    ["/a/*/b", "/a/x/bc", undefined],
    ["/a/*/b", "/a/b/b/b", { ":ext": "b/b" }],
    ["/e/*/", "/e/x/", { ":ext": "x" }],
    ["/e/*/", "/e/x", undefined],
    ["/u/:id", "/u/1", { id: "1" }],
    ["/u/:id", "/u/", undefined],
    ["/u/:id", "/u/1/", undefined],
    ["/u/:id", "/u/1/2", undefined],
    ["/u/:id/x/:name", "/u/1/x/n", { id: "1", name: "n" }],
    ["/u/:id/x/:name", "/u/1/y/n", undefined],
    ["/u/:id/*", "/u/1/2/3", { id: "1", ":ext": "2/3" }],
    ["/n/:a/:a", "/n/1/2", { a: "2" }],
    ["/k/*first/m/*second", "/k/1/m/2/m/3", { first: "1/m/2", second: "3" }],
    ["/k/*a/*b/*c", "/k/1/2/3/4", { a: "1/2", b: "3", c: "4" }],
    ["/k/*a/:b/z/*c", "/k/1/2/z/3/z/4", { a: "1/2/z", b: "3", c: "4" }],
    ["/k/*/é/:x", "/k/1/é/2", { ":ext": "1", x: "2" }],
  ])("%s on %s", (pattern, path, expected) => {
    expect(captured(pattern, path)).toEqual(expected);
  });

  it("a parameter after a named star has its own value, which APISIX gets wrong", () => {
    const expected = { a: "1", b: "22/33", c: "4" };
    expect(captured("/x/:a/*b/:c", "/x/1/22/33/4")).toEqual(expected);
  });

  it("text is literal, whatever it would mean to a regular expression", () => {
    for (const literal of ["a+b", "(x)", "foo?", "a.b", "[z]", "^$|\\d{2}", "a*b", "a:b"]) {
      expect(captured(`/${literal}/*`, `/${literal}/t`), literal).toEqual({ ":ext": "t" });
    }
    expect(captured("/a.b/*", "/axb/t")).toBeUndefined();
  });

  it("a pattern made to backtrack and a long path are refused in bounded work", () => {
    const pattern = `${"/*/a".repeat(60)}/b`;
    expect(captured(pattern, "/a".repeat(4_000))).toBeUndefined();
    expect(captured(pattern, `${"/a".repeat(4_000)}/b`)).toBeDefined();
  });
});

describe("the rest of a pattern without its names", () => {
  it("has them back where they were", () => {
    for (const rest of [":a", ":a/b/:c", "*", "*x/:", ":/:/y", "lit/:é/*z", "a:b/c*d/:e", ":a/"]) {
      expect(withNames(...namesApart(rest)), rest).toBe(rest);
    }
    expect(withoutNames(":order/items/:item")).toEqual([":/items/:", "order/item"]);
  });

  it("accepts and captures what the whole pattern does", () => {
    const seed = 20_261_126;
    const random = seededRandom(seed);
    const rests = [":", ":a", ":b", "x", "y:z", "é", "*", "*s"];
    const values = ["", "1", "x", "y:z", "é", "a"];
    const some = (from: readonly string[]) =>
      Array.from({ length: 1 + random.below(3) }, () => random.pick(from)).join("/");
    let accepted = 0;
    let captures = 0;
    for (let i = 0; i < 20_000; i++) {
      const rest = `${random.pick([":a", ":", "*s"])}/${some(rests)}`;
      const path = `/p/${some(values)}/${some(values)}`;
      const said = `seed ${seed}: /p/${rest} on ${path}`;
      const [shape, names] = namesApart(rest);
      const bytes = new TextEncoder().encode(shape);
      const key = new SoughtRoute();
      key.read("", path);
      const wanted = captured(`/p/${rest}`, path);
      const accepts = acceptsRest(bytes, 0, bytes.length, key, 3);
      expect(accepts, said).toBe(wanted !== undefined);
      if (!accepts) continue;
      accepted++;
      const found = restCaptures({ bytes, from: 0, to: bytes.length, names }, path, 3);
      if (!found) continue;
      captures++;
      expect({ ...found }, said).toEqual(wanted);
    }
    expect(accepted).toBeGreaterThan(1000);
    expect(captures).toBeGreaterThan(300);
  });
});

function namesApart(rest: string): readonly [rest: string, names: readonly string[]] {
  const [shape, names] = withoutNames(rest);
  return [shape, names.split("/")];
}
