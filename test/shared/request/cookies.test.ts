import { describe, expect, it } from "vitest";
import { parseCookies } from "../../../shared/request/cookies.ts";

describe("the cookies of a request", () => {
  it.each<[header: string, cookies: Record<string, string>]>([
    ["", {}],
    ["a=1", { a: "1" }],
    ["a=1; b=2", { a: "1", b: "2" }],
    ["a=1;b=2", { a: "1", b: "2" }],
    ["a=1; A=2", { a: "1", A: "2" }],
    ["a=1; a=2", { a: "2" }],
    ["a=", { a: "" }],
    ["a", {}],
    ["a; b=2", { b: "2" }],
    ["a=b=c", { a: "b=c" }],
    ["a=%20+", { a: "%20+" }],
    ['a="1"', { a: '"1"' }],
    ["a=1 2; b=3", { a: "1 2", b: "3" }],
    ["a=1;;b=2;", { a: "1", b: "2" }],
  ])("%j are %j", (header, cookies) => {
    expect(Object.fromEntries(parseCookies(header))).toEqual(cookies);
  });
});
