import { describe, expect, it } from "vitest";
import {
  DEFAULT_URI_SETTINGS,
  matchingUri,
  type UriSettings,
} from "../../../shared/routing/matching-uri.ts";

/** The uri of a target with some settings on; undefined where it is refused. */
function uriWith(change: Partial<UriSettings>, target: string): string | undefined {
  return matchingUri(target, { ...DEFAULT_URI_SETTINGS, ...change })?.matched;
}

describe("with every setting off", () => {
  it.each([
    ["/a/", "/a/"],
    ["/a;x=1/b", "/a;x=1/b"],
    ["/a%2Fb", "/a/b"],
    ["/a%zz", undefined],
  ])("%s is what nginx makes of it", (target, uri) => {
    expect(uriWith({}, target)).toBe(uri);
  });
});

describe("delete_uri_tail_slash", () => {
  it.each([
    ["/a/", "/a"],
    ["/a", "/a"],
    ["/a/b/?c=/", "/a/b"],
    ["/a//", "/a"],
    ["/a/b/..", "/a"],
    ["/", ""],
  ])("drops one slash at the end: %s", (target, uri) => {
    expect(uriWith({ deleteUriTailSlash: true }, target)).toBe(uri);
  });

  it("has no effect beside the servlet rules, as in APISIX", () => {
    const both = { deleteUriTailSlash: true, normalizeUriLikeServlet: true };
    expect(uriWith(both, "/a/")).toBe("/a/");
    expect(uriWith(both, "/a;b/c/")).toBe("/a/c");
  });
});

describe("normalize_uri_like_servlet", () => {
  it.each([
    ["/a;x=1", "/a"],
    ["/a;x=1/b;y;z/c", "/a/b/c"],
    ["/a;/", "/a"],
    ["/a;x/b/", "/a/b"],
    ["/a/;x", "/a/"],
    ["/;", "/"],
    ["/;/", "/"],
    ["/a%3Bx/b", "/a/b"],
    ["/a/?b;c", "/a/"],
    ["/...;/a", "/.../a"],
    ["/%252e/a;x", "/%2e/a"],
  ])("cuts every segment at its semicolon: %s", (target, uri) => {
    expect(uriWith({ normalizeUriLikeServlet: true }, target)).toBe(uri);
  });

  it.each([
    "/;/a",
    "/b/;/c",
    "/.;",
    "/..;",
    "/%2e;",
    "/%2E%2e;",
    "/a/..;x=1/b",
    "/%252e;",
    "/%252E%252e;/b",
    "/.%252e;/b",
    "/a%zz;",
  ])("refuses a segment that its parameters disguise: %s", (target) => {
    expect(uriWith({ normalizeUriLikeServlet: true }, target)).toBeUndefined();
  });
});

describe("match_uri_encoded_slash", () => {
  it.each([
    ["/v1/te%2Fst/list", "/v1/te%2Fst/list"],
    ["/v1/te%2fst/list", "/v1/te%2Fst/list"],
    ["/v1/a%2F%2fb", "/v1/a/b"],
    ["/v1/a%2Fb%2fc/", "/v1/a%2Fb%2Fc/"],
    ["/v1/%41%2Fb", "/v1/A%2Fb"],
    ["/v1/caf%C3%A9%2Fb", "/v1/café%2Fb"],
    ["/v1/%FF%2Fb", "/v1/\udcff%2Fb"],
    ["/v1/a%252Fb", "/v1/a%2Fb"],
    ["/v1/a+b%2Fc", "/v1/a+b%2Fc"],
    ["/v1/a?b=%2Fc", "/v1/a"],
    ["/v1/a%2Fb#c%2Fd", "/v1/a%2Fb"],
    ["/x%2Fy/../..", "/"],
    ["/a%2Fb/%2e%2e/%2e%2e", "/"],
    ["/a%2F..%2Fb", "/b"],
    ["/a//b%2Fc", "/a/b/c"],
    ["http://a.com/a%2Fb", "/a/b"],
  ])("keeps it where nothing but decoding was done: %s", (target, uri) => {
    expect(uriWith({ matchUriEncodedSlash: true }, target)).toBe(uri);
  });

  it("is for the router alone: the variable has the slash", () => {
    const settings = { ...DEFAULT_URI_SETTINGS, matchUriEncodedSlash: true };
    expect(matchingUri("/a%2Fb", settings)).toEqual({ uri: "/a/b", matched: "/a%2Fb" });
  });

  it("gives way to the settings that rewrote the path", () => {
    const on = { matchUriEncodedSlash: true };
    expect(uriWith({ ...on, deleteUriTailSlash: true }, "/a%2Fb/")).toBe("/a/b");
    expect(uriWith({ ...on, deleteUriTailSlash: true }, "/a%2Fb")).toBe("/a%2Fb");
    expect(uriWith({ ...on, normalizeUriLikeServlet: true }, "/a%2Fb;c")).toBe("/a/b");
  });
});
