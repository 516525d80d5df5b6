import { SchemaError } from "../../../shared/json-schema/read-schema.ts";

export type OpenApiVersion = "3.0" | "3.1";

type Fields = Readonly<Record<string, unknown>>;

/** A schema of OpenAPI in the keywords of JSON Schema that APISIX's validator knows. Throws `SchemaError`. */
export function adaptSchema(version: OpenApiVersion): (schema: Fields) => Fields {
  const adapt = version === "3.0" ? fromVersion30 : fromVersion31;
  return (schema) => {
    if (schema.$ref === undefined) return adapt(schema);
    const { $ref, ...siblings } = schema;
    return Object.keys(siblings).length === 0 ? schema : { allOf: [{ $ref }, siblings] };
  };
}

function fromVersion30({ nullable, ...schema }: Fields): Fields {
  const plain = withNumericLimits(schema);
  if (nullable !== true) return plain;
  if (plain.enum !== undefined || plain.const !== undefined) {
    return { anyOf: [plain, { type: "null" }] };
  }
  if (plain.type === undefined) return plain;
  return { ...plain, type: [...new Set([plain.type, "null"].flat())] };
}

/** `exclusiveMinimum: true` beside a `minimum`, as in draft 4, is one number since. */
function withNumericLimits(schema: Fields): Fields {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, ...others } = schema;
  return {
    ...others,
    ...limit("minimum", "exclusiveMinimum", minimum, exclusiveMinimum),
    ...limit("maximum", "exclusiveMaximum", maximum, exclusiveMaximum),
  };
}

function limit(inclusive: string, exclusive: string, value: unknown, excludes: unknown): Fields {
  if (typeof excludes !== "boolean") {
    return {
      ...(value === undefined ? {} : { [inclusive]: value }),
      ...(excludes === undefined ? {} : { [exclusive]: excludes }),
    };
  }
  return value === undefined ? {} : { [excludes ? exclusive : inclusive]: value };
}

/** Of JSON Schema 2020-12 what has no like before it, and changes what fits. */
const UNSUPPORTED = [
  ...["unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains", "$dynamicRef"],
];

function fromVersion31(schema: Fields): Fields {
  const unsupported = UNSUPPORTED.find((name) => schema[name] !== undefined);
  if (unsupported !== undefined) {
    throw new SchemaError(`unsupported OpenAPI 3.1 keyword: ${unsupported}`);
  }
  const { prefixItems, dependentRequired, dependentSchemas, ...others } = schema;
  const dependencies = { ...objectOrNone(dependentRequired), ...objectOrNone(dependentSchemas) };
  return {
    ...others,
    ...(prefixItems === undefined ? {} : { items: prefixItems, additionalItems: others.items }),
    ...(Object.keys(dependencies).length === 0
      ? {}
      : { dependencies: { ...objectOrNone(others.dependencies), ...dependencies } }),
  };
}

function objectOrNone(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
