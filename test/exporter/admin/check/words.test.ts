import { describe, expect, it } from "vitest";
import { bodyVariableFault } from "../../../../exporter/admin/check/json-path-fault.ts";
import { MOST_OF_BODY, parseBody } from "../../../../exporter/admin/check/parse-body.ts";
import { expressionFault } from "../../../../exporter/plugins/expression-fault.ts";
import { luaSourceFault } from "../../../../exporter/plugins/lua-source.ts";

describe("lua-resty-expr's words", () => {
  it.each<readonly [unknown, string | undefined]>([
    [[], undefined],
    [{ a: 1 }, undefined],
    [undefined, "missing argument rule"],
    [["a", "==", "1"], "rule should be wrapped inside brackets"],
    [[[]], "rule too short"],
    [["AND", ["a", "==", "1"]], "rule too short"],
    [["or", ["a", "==", "1"], ["b", "x"]], undefined],
    [["!OR", ["a", "==", "1"], ["b", "=", "1"]], "invalid operator '='"],
    [[["a", "IN", ["x"]]], undefined],
    [[["a", "?", "==", "1"]], "bad 'not' expression"],
    [[["a", "!", "XX", "1"]], "invalid operator 'xx'"],
    [[["a"]], "invalid expression"],
    [[[["a", "==", "1"], "b"]], "invalid expression"],
    [[["a", "ipmatch", ["10.0.0.0/8", "x"]]], "invalid ip address: x"],
    [[["a", "ipmatch", "::1"]], undefined],
  ])("%j: %s", (value, fault) => expect(expressionFault(value)).toBe(fault));
});

describe("lua-jsonpath's words", () => {
  it.each<readonly [unknown, string | undefined]>([
    [[["post_arg.", "==", 1]], 'invalid expression "$." near "."'],
    [[["post_arg.a.b", "==", 1]], undefined],
    [["AND", ["x", "==", 1], ["post_arg.aab[", "==", 1]], 'invalid expression "$.ab[" near "["'],
    [[["post_arg.n", "1"]], undefined],
  ])("%j: %s", (value, fault) => expect(bodyVariableFault(value)).toBe(fault));
});

describe("LuaJIT's words", () => {
  it.each([
    ["return function(a) if a then return {1, 'x]', [[ (]]} end end -- (", undefined],
    ["for i = 1, 2 do while true do break end end repeat local x until x", undefined],
    [
      "return function()\n\nif a then",
      `[string "return function()..."]:3: 'end' expected near '<eof>'`,
    ],
    [
      "return function()\n",
      `[string "return function()..."]:2: 'end' expected (to close 'function' at line 1) near '<eof>'`,
    ],
    ["return (1}", `[string "return (1}"]:1: ')' expected near '}'`],
    ["local unfinished = 1", undefined],
    ["--[[ no end", `[string "--[[ no end"]:1: unfinished long string/comment near '<eof>'`],
    [
      "while true do\n",
      `[string "while true do..."]:2: 'end' expected (to close 'while' at line 1) near '<eof>'`,
    ],
    ["end", `[string "end"]:1: '<eof>' expected near 'end'`],
    ["return 'abc", `[string "return 'abc"]:1: unfinished string near ''abc'`],
    ["a ? b", `[string "a ? b"]:1: unexpected symbol near '?'`],
  ])("%j", (source, fault) => expect(luaSourceFault(source)).toBe(fault));
});

describe("lua-cjson's words", () => {
  const faultOf = (text: string) => {
    const body = parseBody(new TextEncoder().encode(text));
    return "fault" in body ? body.fault.error_msg.replace("invalid request body: ", "") : body;
  };

  it.each([
    ["{", "Expected object key string but found T_END at character 2"],
    ["[1,]", "Expected value but found T_ARR_END at character 4"],
    ["[1 2]", "Expected comma or array end but found T_NUMBER at character 4"],
    ['{"a" 1}', "Expected colon but found T_NUMBER at character 6"],
    ['{"a":1 "b":2}', "Expected comma or object end but found T_STRING at character 8"],
    ['{"a":1,}', "Expected object key string but found T_OBJ_END at character 8"],
    ["nulx", "Expected value but found invalid token at character 1"],
    ['{"a":[{}],"b":tru}', "Expected value but found invalid token at character 15"],
    ['{"a":1}{', "Expected the end but found T_OBJ_BEGIN at character 8"],
    [
      String.raw`{"\\\"\u00e9\n": "" "`,
      "Expected comma or object end but found invalid token at character 21",
    ],
    [String.raw`["a\x"]`, "Expected value but found invalid token at character 2"],
    [String.raw`["\u12"]`, "Expected value but found invalid token at character 2"],
    ["[".repeat(1001), "Found too many nested data structures (1001) at character 1001"],
  ])("%j: %s", (text, fault) => expect(faultOf(text)).toBe(fault));

  it("say nothing of what is JSON, nor of nothing", () => {
    expect(faultOf('{"__proto__": 5, "a": [[], {}, "]"]}')).toEqual({
      value: JSON.parse('{"__proto__": 5, "a": [[], {}, "]"]}'),
    });
    expect(faultOf("")).toEqual({ value: undefined });
    expect(faultOf("[".repeat(1000) + "]".repeat(1000))).toHaveProperty("value");
  });

  it("are found behind a text of megabytes", () => {
    const text = `["${"x".repeat(30_000_000)}"`;
    const body = parseBody(new TextEncoder().encode(text), 32 << 20);
    expect(body).toMatchObject({
      fault: {
        error_msg: expect.stringMatching(/comma or array end but found T_END .* 30000004$/),
      },
    });
  });

  it("give the body back, and its size where it is too long", () => {
    expect(parseBody(new TextEncoder().encode("{"))).toMatchObject({ fault: { req_body: "{" } });
    expect(parseBody(new Uint8Array(MOST_OF_BODY + 1))).toEqual({
      fault: {
        status: 400,
        error_msg:
          "invalid request body: request size 1572865 is greater than the maximum size 1572864 allowed",
      },
    });
  });
});
