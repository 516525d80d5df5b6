import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import type { FormField } from "../../../shared/request/form.ts";
import type { FoundOperation } from "./api-document.ts";
import { checkBody, type SentBody } from "./check-body.ts";
import type { Parameter, ParameterPlace } from "./operation.ts";
import { parameterValue, type RawValue } from "./parameter-value.ts";

/** What of a request is held against its operation. */
export interface CheckedRequest {
  readonly query: readonly FormField[];
  readonly headers: Pick<Headers, "get">;
  /** Undefined: it is not looked at. */
  readonly body: SentBody | undefined;
  readonly skipped: ReadonlySet<ParameterPlace>;
}

/** What does not fit, in APISIX's words. */
export function requestFaults(
  { operation, pathParameters }: FoundOperation,
  request: CheckedRequest,
): readonly string[] {
  const faults: string[] = [];
  for (const place of ["path", "query", "header"] as const) {
    if (request.skipped.has(place)) continue;
    for (const parameter of operation.parameters) {
      if (parameter.in !== place) continue;
      const fault = parameterFault(parameter, pathParameters, request);
      if (fault !== undefined) faults.push(`${place} parameter '${parameter.name}': ${fault}`);
    }
  }
  if (request.body) faults.push(...checkBody(operation.body, request.body));
  return faults;
}

function parameterFault(
  parameter: Parameter,
  path: ReadonlyMap<string, string>,
  request: CheckedRequest,
): string | undefined {
  const raw = rawValue(parameter, path, request);
  const value =
    raw === "" && parameter.required ? undefined : parameterValue(parameter, raw, request.query);
  if (value === undefined) {
    return parameter.required ? "required parameter is missing" : undefined;
  }
  return checkSchema(parameter.schema, value)?.words;
}

function rawValue(
  { name, in: place }: Parameter,
  path: ReadonlyMap<string, string>,
  { query, headers }: CheckedRequest,
): RawValue | undefined {
  if (place === "path") return path.get(name);
  if (place === "header")
    return HEADER_NAME.test(name) ? (headers.get(name) ?? undefined) : undefined;
  const values = query.flatMap(([each, value]) => (each === name ? [value] : []));
  return values.length > 1 ? values : values[0];
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
