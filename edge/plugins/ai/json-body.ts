import type { JsonValue } from "../../../shared/expression/variables.ts";
import { parseJson } from "../../../shared/parse-json.ts";
import { announcedLength } from "../../upstream/sending.ts";
import type { Exchange } from "../exchange.ts";
import { type Exit, exitWith } from "../exit.ts";

export type JsonObject = { readonly [name: string]: JsonValue };

/** A request's body as JSON, or the answer to one that has none. */
export type JsonBody = { readonly value: JsonValue } | { readonly exit: Exit };

export async function readJsonBody(exchange: Exchange, maxBytes: number): Promise<JsonBody> {
  const bytes = await exchange.readBody(maxBytes);
  if (bytes === "too long") return { exit: exitWith(413, tooLong(exchange, maxBytes)) };
  if (bytes.length === 0) {
    return { exit: exitWith(400, "could not get body: request body is empty") };
  }
  const parsed = parseJson(new TextDecoder().decode(bytes));
  if ("fault" in parsed) {
    return { exit: exitWith(400, `could not parse JSON request body: ${parsed.fault}`) };
  }
  return { value: parsed.value as JsonValue };
}

/** What the next plugins and the upstream get. Of a name that came twice it is the value that was seen. */
export function writeJsonBody(exchange: Exchange, value: JsonValue): void {
  exchange.body = new TextEncoder().encode(JSON.stringify(value));
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** As APISIX says it; how long a body without a Content-Length would have become, nobody knows. */
function tooLong({ request }: Exchange, maxBytes: number): string {
  const length = announcedLength(request.headers);
  const size = length === undefined ? "" : ` ${length}`;
  return `could not get body: request size${size} is greater than the maximum size ${maxBytes} allowed`;
}
