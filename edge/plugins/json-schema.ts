import { checkSchema } from "../../shared/json-schema/check-schema.ts";
import { readSchema, SchemaError } from "../../shared/json-schema/read-schema.ts";
import { ConfigurationRefused } from "./plugin.ts";

/** What is wrong with a value, in APISIX's words; undefined: nothing. Fills in the schema's defaults. */
export type SchemaCheck = (value: unknown) => string | undefined;

/** Throws `ConfigurationRefused` for what is no schema. */
export function schemaCheck(schema: object): SchemaCheck {
  const read = readOrRefuse(schema);
  return (value) => checkSchema(read, value)?.words;
}

function readOrRefuse(schema: object) {
  try {
    return readSchema(schema);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new ConfigurationRefused(`no schema to check with: ${error.message}`);
  }
}
