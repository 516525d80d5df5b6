import { expect, it } from "vitest";
import { hostOf, normaliseUri } from "../../../shared/routing/normalise.ts";

it.each([
  ["/", "/"],
  ["/a/b", "/a/b"],
  ["/a/", "/a/"],
  ["/a?x=/../b", "/a"],
  ["/a#top", "/a"],
  ["/?", "/"],
  ["/a+b", "/a+b"],
  ["/A", "/A"],
])("a target that needs at most a cut is cut: %s", (target, uri) => {
  expect(normaliseUri(target)).toBe(uri);
});

it.each([
  ["//", "/"],
  ["///a//b///c//", "/a/b/c/"],
  ["/a//?x", "/a/"],
  ["/a%2fb", "/a/b"],
  ["/a%2F%2Fb", "/a/b"],
  ["/a/%2F/b", "/a/b"],
])("slashes are merged, decoded ones too: %s", (target, uri) => {
  expect(normaliseUri(target)).toBe(uri);
});

it.each([
  ["/a/./b", "/a/b"],
  ["/a/.", "/a/"],
  ["/.", "/"],
  ["/./", "/"],
  ["/a/b/..", "/a/"],
  ["/a/b/../", "/a/"],
  ["/a/..", "/"],
  ["/a/b/../../c", "/c"],
  ["/a//../b", "/b"],
  ["/a/%2e%2E/b", "/b"],
  ["/a%2f..%2fb", "/b"],
  ["/a/%2E/b", "/a/b"],
  ["/.a/..b/c../...", "/.a/..b/c../..."],
  ["/a/..?q", "/"],
  ["/a/.#f", "/a/"],
])("dot segments are resolved, decoded ones too: %s", (target, uri) => {
  expect(normaliseUri(target)).toBe(uri);
});

it.each([
  ["/a%20b", "/a b"],
  ["/a%23b", "/a#b"],
  ["/a%3Fb", "/a?b"],
  ["/%3f/..", "/"],
  ["/a%252fb", "/a%2fb"],
  ["/a%25%32%66b", "/a%2fb"],
  ["/a%01", "/a\u0001"],
  ["/caf%C3%A9", "/café"],
  ["/%F0%9F%9A%AA", "/🚪"],
  ["/é%C3%A9", "/éé"],
  ["/%EF%BB%BFa", "/\ufeffa"],
])("percent sequences are decoded once, as UTF-8: %s", (target, uri) => {
  expect(normaliseUri(target)).toBe(uri);
});

it.each([
  ["/%ff", "/\udcff"],
  ["/%E9t%E9", "/\udce9t\udce9"],
  ["/%C3/", "/\udcc3/"],
  ["/%C0%AF", "/\udcc0\udcaf"],
  ["/%ED%A0%80", "/\udced\udca0\udc80"],
  ["/%F5%80%80%80", "/\udcf5\udc80\udc80\udc80"],
])("a byte that is not UTF-8 is no character: %s", (target, uri) => {
  expect(normaliseUri(target)).toBe(uri);
});

it.each([
  "/..",
  "/../",
  "/a/../..",
  "/..?x",
  "/%2e%2e/a",
  "/%",
  "/%4",
  "/a%4",
  "/%zz",
  "/%g0",
  "/%00",
  "/a%00b",
  "/a b",
  "/a\u0000",
  "/%41\u007f",
  "*",
  "",
  "a.com:443",
  "a/b",
])("nginx answers 400 to the target %j", (target) => {
  expect(normaliseUri(target)).toBeUndefined();
});

it.each([
  ["http://a.com/x/../y?z", "/y"],
  ["http://a.com", "/"],
  ["http://a.com?x=/y", "/"],
  ["HTTPS://a.com:8080/b", "/b"],
])("an absolute target loses scheme and authority: %s", (target, uri) => {
  expect(normaliseUri(target)).toBe(uri);
});

it.each([
  ["foo.com", "foo.com"],
  ["FOO.com:9080", "foo.com"],
  ["foo.com.", "foo.com"],
  ["foo.com.:80", "foo.com"],
  ["foo.com:", "foo.com"],
  ["[::1]", "[::1]"],
  ["[2001:DB8::1]:8080", "[2001:db8::1]"],
  ["127.0.0.1:9080", "127.0.0.1"],
])("the host of Host: %s is %s", (header, host) => {
  expect(hostOf(header)).toBe(host);
});

it("a request without a Host header has the host of the server's name", () => {
  expect(hostOf(undefined)).toBe("_");
  expect(hostOf(null)).toBe("_");
});

it.each(["", ".", ":80", "..foo.com", "x..", "a..b", "a/b", "a b"])(
  "nginx answers 400 to Host: %j",
  (header) => {
    expect(hostOf(header)).toBeUndefined();
  },
);
