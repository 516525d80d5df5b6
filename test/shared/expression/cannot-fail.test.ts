import { describe, expect, it } from "vitest";
import { cannotFail } from "../../../shared/expression/cannot-fail.ts";
import { parseExpression } from "../../../shared/expression/parse.ts";

const isSure = (vars: readonly unknown[]) => cannotFail(parseExpression(vars));

describe("an expression cannot fail", () => {
  it.each([
    [[]],
    [[["arg_tier", "==", "gold"]]],
    [[["http_x_country", "in", ["DE", "AT"]]]],
    [[["cookie_beta", "!", "==", "on"]]],
    [["OR", ["arg_a", ">", 1], ["!AND", ["arg_b", "<", 2], ["http_x", "has", "y"]]]],
  ])("where it asks for what every request answers: %j", (vars) => {
    expect(isSure(vars)).toBe(true);
  });
});

describe("an expression may fail, or need the request's body", () => {
  it.each([
    [[["arg_a", "~~", "(?=x)"]]],
    [[["arg_a", "~*", "x"]]],
    [[["arg_ip", "ipmatch", ["10.0.0.0/8"]]]],
    [[["post_arg_name", "==", "json"]]],
    [[["graphql_operation", "==", "query"]]],
    [[["uri_param_id", "==", "1"]]],
    [["AND", ["arg_a", "==", "1"], ["OR", ["arg_b", "==", "2"], ["post_arg.c", "==", "3"]]]],
  ])("where one part of it does: %j", (vars) => {
    expect(isSure(vars)).toBe(false);
  });
});
