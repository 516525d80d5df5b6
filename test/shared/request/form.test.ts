import { describe, expect, it } from "vitest";
import { type FormField, firstValues, parseForm } from "../../../shared/request/form.ts";

describe("the fields of a query or a form", () => {
  it.each<[text: string, fields: FormField[]]>([
    [
      "a=1&b=2",
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    [
      "a=1&a=2",
      [
        ["a", "1"],
        ["a", "2"],
      ],
    ],
    ["a", [["a", true]]],
    ["a=", [["a", ""]]],
    ["a=b=c", [["a", "b=c"]]],
    ["a=1+2%2B3", [["a", "1 2+3"]]],
    [
      "a+b=1&c%20d",
      [
        ["a b", "1"],
        ["c d", true],
      ],
    ],
    [
      "a=%C3%A9&b=é",
      [
        ["a", "é"],
        ["b", "é"],
      ],
    ],
    ["a%3Db%26c=1", [["a=b&c", "1"]]],
    ["a=1;b=2", [["a", "1;b=2"]]],
  ])("of %s are %j", (text, fields) => {
    expect(parseForm(text)).toEqual(fields);
  });

  it.each([[""], ["&&"], ["=1"], ["=&="], ["&="]])("of %j there are none", (text) => {
    expect(parseForm(text)).toEqual([]);
  });

  it.each([
    ["a=%", "%"],
    ["a=100%", "100%"],
    ["a=%4", "%4"],
    ["a=%zz", "%zz"],
    ["a=%%41", "%A"],
    ["a=%u0041+", "%u0041 "],
  ])("keep in %s what is no percent sequence", (text, value) => {
    expect(parseForm(text)).toEqual([["a", value]]);
  });

  it("keep bytes that are no UTF-8 apart from the characters of their numbers", () => {
    const [field] = parseForm("a=%FF");
    expect(field?.[1]).not.toBe("ÿ");
    expect(field?.[1]).toBe("\udcff");
  });

  it("are found by name, the first of each", () => {
    const values = firstValues(parseForm("a=1&b&a=2&b=3&__proto__=x"));
    expect([...values].sort()).toEqual([
      ["__proto__", "x"],
      ["a", "1"],
      ["b", true],
    ]);
  });
});
