import type { JsonSchema } from "../plugins/json-schema.ts";
import { checkSchema, type SchemaCheck } from "./check-schema.ts";
import { ADDRESSES, FORMATS } from "./formats.ts";
import { canonicalText, luaType } from "./lua-value.ts";
import { faultOf, reworded, type ValueFault } from "./value-fault.ts";

/** What holds for a value of any type: enum, the combinations of schemas, format, const. */
export function checkCombinations(
  schema: JsonSchema,
  value: unknown,
  check: SchemaCheck,
): ValueFault | undefined {
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

function checkEnum(schema: JsonSchema, value: unknown): ValueFault | undefined {
  const allowed: readonly unknown[] | undefined = schema.enum;
  return allowed === undefined || isOneOf(allowed, value)
    ? undefined
    : faultOf(value, `one of ${allowed.join(", ")}`, "matches none of the enum values");
}

function isOneOf(allowed: readonly unknown[], value: unknown): boolean {
  if (allowed.includes(value)) return true;
  if (luaType(value) !== "table") return false;
  const text = canonicalText(value);
  return allowed.some((one) => luaType(one) === "table" && canonicalText(one) === text);
}

function checkAllOf({ allOf = [] }: JsonSchema, value: unknown, check: SchemaCheck) {
  for (const [index, branch] of allOf.entries()) {
    const fault = checkSchema(branch, value, check);
    if (fault !== undefined) return reworded(fault, `allOf ${index + 1} failed: ${fault.words}`);
  }
  return undefined;
}

/** APISIX names what each branch requires, where it requires anything; why a branch failed it does not. */
function checkAnyOf({ anyOf }: JsonSchema, value: unknown, check: SchemaCheck) {
  if (anyOf === undefined) return undefined;
  const faults = faultsOf(anyOf, value, check);
  if (faults === undefined) return undefined;
  const required = anyOf.flatMap((branch) =>
    branch.required === undefined ? [] : [JSON.stringify(branch.required)],
  );
  const list = required.length === 0 ? "" : `: ${required.join(" or ")}`;
  return branchFault(anyOf, faults, value, `object matches none of the required${list}`);
}

/** Of each branch the fault; undefined where one fits. */
function faultsOf(branches: readonly JsonSchema[], value: unknown, check: SchemaCheck) {
  const faults: ValueFault[] = [];
  for (const branch of branches) {
    const fault = checkSchema(branch, value, check);
    if (fault === undefined) return undefined;
    faults.push(fault);
  }
  return faults;
}

function checkOneOf({ oneOf }: JsonSchema, value: unknown, check: SchemaCheck) {
  if (oneOf === undefined) return undefined;
  let matched = 0;
  const faults: ValueFault[] = [];
  for (const [index, branch] of oneOf.entries()) {
    const fault = checkSchema(branch, value, check);
    if (fault !== undefined) faults.push(fault);
    if (fault !== undefined) continue;
    if (matched > 0) {
      const both = `matches both schemas ${matched} and ${index + 1}`;
      const words = `value should match only one schema, but ${both}`;
      return faultOf(value, `only one of ${wantedOf([oneOf[matched - 1] ?? {}, branch])}`, words);
    }
    matched = index + 1;
  }
  if (matched > 0) return undefined;
  const words = "value should match only one schema, but matches none";
  return branchFault(oneOf, faults, value, words);
}

/** For people: the branch that the value got furthest into, or all of them where it got into none. */
function branchFault(
  branches: readonly JsonSchema[],
  faults: readonly ValueFault[],
  value: unknown,
  words: string,
): ValueFault {
  const isPlain = branches.every(({ required }) => required !== undefined);
  const deepest = faults.toSorted((a, b) => b.way.length - a.way.length)[0];
  if (deepest && deepest.way.length > 0 && !isPlain) return reworded(deepest, words);
  return faultOf(value, `one of ${wantedOf(branches)}`, words);
}

/** What branches ask for, in a few words each. */
function wantedOf(branches: readonly JsonSchema[]): string {
  return [...new Set(branches.map(branchText))].join(", ");
}

function branchText({ required, type, pattern, format }: JsonSchema): string {
  if (required !== undefined) return required.join(" with ");
  if (format !== undefined) return `an ${format} address`;
  if (pattern !== undefined) return `text that fits ${pattern}`;
  return type === undefined ? "other values" : `type ${[type].flat().join(" or ")}`;
}

/** For people the fault of the clause, which APISIX does not tell. */
function checkCondition(schema: JsonSchema, value: unknown, check: SchemaCheck) {
  if (schema.if === undefined) return undefined;
  const clause = fits(schema.if, value, check) ? "then" : "else";
  const branch = schema[clause];
  const fault = branch && checkSchema(branch, value, check);
  return fault && reworded(fault, `${clause} clause did not match`);
}

function checkNot({ not }: JsonSchema, value: unknown, check: SchemaCheck) {
  if (not === undefined || !fits(not, value, check)) return undefined;
  const fields = [not, ...(not.anyOf ?? [])].flatMap(({ required = [] }) => required);
  const wanted = fields.length === 0 ? "another value" : `no ${fields.join(" or ")} here`;
  return faultOf(value, wanted, "value wasn't supposed to match schema");
}

function checkFormat({ format }: JsonSchema, value: unknown): ValueFault | undefined {
  if (format === undefined || typeof value !== "string") return undefined;
  const isOfFormat = FORMATS.get(format);
  if (!isOfFormat || isOfFormat(value)) return undefined;
  const noun = ADDRESSES.has(format) ? `${format} address` : format;
  return faultOf(
    value,
    /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`,
    `expect valid ${noun} but got: ${value}`,
  );
}

function checkConst(schema: JsonSchema, value: unknown): ValueFault | undefined {
  if (schema.const === undefined) return undefined;
  return schema.const === value || canonicalText(schema.const) === canonicalText(value)
    ? undefined
    : faultOf(value, JSON.stringify(schema.const), "failed to check const value");
}

/** Defaults of a branch stay filled in whether or not it fits, as in APISIX. */
function fits(schema: JsonSchema, value: unknown, check: SchemaCheck): boolean {
  return checkSchema(schema, value, check) === undefined;
}
