import { describe, expect, it } from "vitest";
import { parseJson } from "../../shared/parse-json.ts";

describe("a text as JSON", () => {
  it.each([
    ["{}"],
    ['{"a":[1,2.5,"x",null,true]}'],
    [" 5 "],
    ["[".repeat(1000) + "]".repeat(1000)],
  ])("is its value: %s", (text) => {
    expect(parseJson(text)).toEqual({ value: JSON.parse(text) });
  });

  it.each([
    ["", "Expected value but found T_END at character 1"],
    ["{bad", "Expected object key string but found invalid token at character 2"],
    ['{"a"}', "Expected colon but found T_OBJ_END at character 5"],
    ['{"a":1', "Expected comma or object end but found T_END at character 7"],
    ["[1 2]", "Expected comma or array end but found T_NUMBER at character 4"],
    ["[1,]", "Expected value but found T_ARR_END at character 4"],
    ["{} x", "Expected the end but found invalid token at character 4"],
    ["a=1", "Expected value but found invalid token at character 1"],
    ["[".repeat(1001), "Found too many nested data structures (1001) at character 1001"],
    [`["${"[".repeat(2000)}"`, "Expected comma or array end but found T_END at character 2004"],
  ])("is told wrong in lua-cjson's words: %j", (text, fault) => {
    expect(parseJson(text)).toEqual({ fault });
  });
});
