import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { TSchema } from "typebox";
import type { Describe } from "./describe.ts";
import { type Fault, joinPath } from "./fault.ts";

// A value may be a union of map and array, and defaults lie inside optional objects: both by intent.
const ajv = new Ajv({ useDefaults: true, allErrors: true, verbose: true, strict: false });
const compiled = new WeakMap<object, ValidateFunction>();

/** Checks `value` and fills in the schema's defaults, in place, inside objects that are present. */
export function checkSchema(schema: TSchema, value: object, describe: Describe): Fault | undefined {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return undefined;
  const error = mostTelling(validate.errors ?? []);
  return error && toFault(error, describe);
}

/** Of a union only the branch that the value was meant for; of the rest the deepest, then the first. */
function mostTelling(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const real = errors.filter(
    (error) => !isUmbrella(error, errors) && !isOtherBranch(error, errors),
  );
  return (real.length > 0 ? real : errors).reduce<ErrorObject | undefined>(
    (best, error) => (!best || depth(error) > depth(best) ? error : best),
    undefined,
  );
}

/** `anyOf` where a branch has said something deeper or sharper; talk of fields of what has none. */
function isUmbrella(error: ErrorObject, all: readonly ErrorObject[]): boolean {
  if (error.keyword === "if") return true;
  if (isCombination(error) && requiredFields(error.schema).length > 0 && !hasFields(error.data)) {
    return true;
  }
  if (error.keyword !== "anyOf") return false;
  return all.some(
    (other) =>
      other !== error &&
      other.schemaPath.startsWith(`${error.schemaPath}/`) &&
      other.keyword !== "type" &&
      other.keyword !== "required",
  );
}

/** A branch of a union that fails already on the value's type, or one line of a list of `required`. */
function isOtherBranch(error: ErrorObject, all: readonly ErrorObject[]): boolean {
  if (error.keyword !== "type" && error.keyword !== "required") return false;
  const union = /^(.*\/(?:anyOf|oneOf))\/\d+\/(type|required)$/.exec(error.schemaPath);
  return union !== null && all.some((other) => other.schemaPath === union[1]);
}

function isCombination({ keyword }: ErrorObject): boolean {
  return keyword === "oneOf" || keyword === "anyOf" || keyword === "not";
}

function hasFields(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function depth(error: ErrorObject): number {
  return error.instancePath.split("/").length + (error.keyword === "additionalProperties" ? 1 : 0);
}

function toFault(error: ErrorObject, describe: Describe): Fault {
  const path = readablePath(error.instancePath);
  const found = describe(path, error.data);
  const field = (name: unknown) => joinPath(path, String(name));
  const params: Record<string, unknown> = error.params;
  switch (error.keyword) {
    case "required":
      return {
        path: field(params.missingProperty),
        found: "nothing",
        wanted: "this field",
      };
    case "additionalProperties":
      return {
        path: field(params.additionalProperty),
        found: "a field that APISIX does not know",
        wanted: knownFields(error),
      };
    case "dependencies":
      return {
        path: field(params.missingProperty),
        found: "nothing",
        wanted: `this field, since ${params.property} is there`,
      };
    case "oneOf":
    case "anyOf":
    case "not":
      return { path, found: combination(error, found), wanted: wantedCombination(error) };
    default:
      return { path, found, wanted: wantedOf(error) };
  }
}

function wantedOf(error: ErrorObject): string {
  const limit: unknown = error.params.limit;
  switch (error.keyword) {
    case "type":
      return `of type ${error.params.type}`;
    case "enum":
      return `one of ${(error.schema as unknown[]).join(", ")}`;
    case "pattern":
      return error.parentSchema?.description ?? `text that fits ${error.params.pattern}`;
    case "minimum":
      return `at least ${limit}`;
    case "exclusiveMinimum":
      return `more than ${limit}`;
    case "maximum":
      return `at most ${limit}`;
    case "minLength":
      return `at least ${count(limit, "character")}`;
    case "maxLength":
      return `at most ${count(limit, "character")}`;
    case "minItems":
      return `at least ${count(limit, "member")}`;
    case "maxItems":
      return `at most ${count(limit, "member")}`;
    case "maxProperties":
      return `at most ${count(limit, "field")}`;
    case "uniqueItems":
      return "no member twice";
    default:
      return error.message ?? "another value";
  }
}

function count(limit: unknown, what: string): string {
  return `${limit} ${what}${limit === 1 ? "" : "s"}`;
}

function knownFields(error: ErrorObject): string {
  const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
  return `one of ${known.join(", ")}`;
}

/** The fields that branches of `required` speak of, as far as the value has them. */
function combination(error: ErrorObject, found: string): string {
  const fields = requiredFields(error.schema);
  if (fields.length === 0) return found;
  const { data } = error;
  const present = fields.filter((name) => hasFields(data) && Object.hasOwn(data, name));
  return present.length === 0 ? `none of ${fields.join(", ")}` : present.join(" and ");
}

function wantedCombination(error: ErrorObject): string {
  const fields = requiredFields(error.schema);
  if (fields.length === 0) return unionTypes(error.schema);
  if (error.keyword === "not") return `at most one of ${fields.join(", ")}`;
  const branches = (error.schema as { required?: string[] }[]).map(
    (branch) => branch.required?.join(" with ") ?? "",
  );
  const quantity = error.keyword === "oneOf" ? "exactly one" : "at least one";
  return `${quantity} of ${branches.join(", ")}`;
}

function requiredFields(schema: unknown): string[] {
  const branches = Array.isArray(schema) ? schema : [schema];
  return branches.flatMap((branch: { required?: string[] }) => branch.required ?? []);
}

function unionTypes(schema: unknown): string {
  const types = (schema as { type?: string }[]).map((branch) => branch.type ?? "another");
  return `of type ${[...new Set(types)].join(" or ")}`;
}

/** `/nodes/0/port` → `nodes[0].port`. */
function readablePath(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce(joinPath, "");
}
