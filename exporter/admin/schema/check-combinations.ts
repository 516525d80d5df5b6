import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { isIpAddress } from "../../../shared/routing/ip-ranges.ts";
import { checkSchema, type SchemaCheck } from "./check-schema.ts";
import { canonicalText } from "./lua-value.ts";

/** What holds for a value of any type: enum, the combinations of schemas, format, const. */
export function checkCombinations(
  schema: JsonSchema,
  value: unknown,
  check: SchemaCheck,
): string | undefined {
  return (
    checkEnum(schema, value) ??
    checkAllOf(schema, value, check) ??
    checkAnyOf(schema, value, check) ??
    checkOneOf(schema, value, check) ??
    checkCondition(schema, value, check) ??
    checkNot(schema, value, check) ??
    checkFormat(schema, value) ??
    checkConst(schema, value)
  );
}

function checkEnum(schema: JsonSchema, value: unknown): string | undefined {
  const allowed: readonly unknown[] | undefined = schema.enum;
  return allowed === undefined || allowed.includes(value)
    ? undefined
    : "matches none of the enum values";
}

function checkAllOf({ allOf = [] }: JsonSchema, value: unknown, check: SchemaCheck) {
  for (const [index, branch] of allOf.entries()) {
    const fault = checkSchema(branch, value, check);
    if (fault !== undefined) return `allOf ${index + 1} failed: ${fault}`;
  }
  return undefined;
}

/** Names what each branch requires, where it requires anything; why a branch failed is not told. */
function checkAnyOf({ anyOf }: JsonSchema, value: unknown, check: SchemaCheck) {
  if (anyOf === undefined || anyOf.some((branch) => fits(branch, value, check))) return undefined;
  const required = anyOf.flatMap((branch) =>
    branch.required === undefined ? [] : [JSON.stringify(branch.required)],
  );
  const list = required.length === 0 ? "" : `: ${required.join(" or ")}`;
  return `object matches none of the required${list}`;
}

function checkOneOf({ oneOf }: JsonSchema, value: unknown, check: SchemaCheck) {
  if (oneOf === undefined) return undefined;
  let matched = 0;
  for (const [index, branch] of oneOf.entries()) {
    if (!fits(branch, value, check)) continue;
    if (matched > 0) {
      const both = `matches both schemas ${matched} and ${index + 1}`;
      return `value should match only one schema, but ${both}`;
    }
    matched = index + 1;
  }
  return matched > 0 ? undefined : "value should match only one schema, but matches none";
}

function checkCondition(schema: JsonSchema, value: unknown, check: SchemaCheck) {
  if (schema.if === undefined) return undefined;
  const clause = fits(schema.if, value, check) ? "then" : "else";
  const branch = schema[clause];
  return branch === undefined || fits(branch, value, check)
    ? undefined
    : `${clause} clause did not match`;
}

function checkNot({ not }: JsonSchema, value: unknown, check: SchemaCheck) {
  return not !== undefined && fits(not, value, check)
    ? "value wasn't supposed to match schema"
    : undefined;
}

function checkFormat({ format }: JsonSchema, value: unknown): string | undefined {
  if (format === undefined || typeof value !== "string") return undefined;
  // IPv6 addresses have a colon, the others have none.
  const isOfFormat = value.includes(":") === (format === "ipv6") && isIpAddress(value);
  return isOfFormat ? undefined : `expect valid ${format} address but got: ${value}`;
}

function checkConst(schema: JsonSchema, value: unknown): string | undefined {
  if (schema.const === undefined) return undefined;
  return schema.const === value || canonicalText(schema.const) === canonicalText(value)
    ? undefined
    : "failed to check const value";
}

/** Defaults of a branch stay filled in whether or not it fits, as in APISIX. */
function fits(schema: JsonSchema, value: unknown, check: SchemaCheck): boolean {
  return checkSchema(schema, value, check) === undefined;
}
