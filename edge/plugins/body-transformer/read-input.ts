import type { JsonValue } from "../../../shared/expression/variables.ts";
import { parseForm, valuesByName } from "../../../shared/request/form.ts";
import { multipartFields } from "../../../shared/request/multipart.ts";
import { parseXml, XmlError } from "./parse-xml.ts";

export type InputFormat = "xml" | "json" | "encoded" | "args" | "plain" | "multipart";
export type Fields = Readonly<Record<string, JsonValue>>;

/** A body is not of the format that it is to be of; the message is for the client. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** The format that a Content-Type tells. */
export function formatOf(contentType: string | null): InputFormat | undefined {
  if (contentType === null) return undefined;
  if (contentType.includes("text/xml")) return "xml";
  if (contentType.includes("application/json")) return "json";
  const type = contentType.toLowerCase();
  if (type.includes("application/x-www-form-urlencoded")) return "encoded";
  return type.includes("multipart/") ? "multipart" : undefined;
}

export interface Input {
  /** Undefined: there is none. */
  readonly body: string | undefined;
  /** A query. */
  readonly args: string;
  readonly contentType: string | null;
}

/** What a template may name of the input. Throws `InputError`. */
export function readInput(format: InputFormat | undefined, input: Input): Fields {
  if (format === "args") return valuesByName(parseForm(input.args));
  const { body, contentType } = input;
  if (body === undefined) return {};
  switch (format) {
    case "xml":
      return readXml(body);
    case "json":
      return readJson(body);
    case "encoded":
      return valuesByName(parseForm(body));
    case "multipart":
      return readMultipart(body, contentType);
    default:
      return {};
  }
}

function readXml(body: string): Fields {
  try {
    return parseXml(body);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new InputError(error.message);
  }
}

/** A list has no names; a template may still write it out as `_body`. */
function readJson(body: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError("it is no JSON");
  }
  if (typeof value !== "object" || value === null) throw new InputError("it is no JSON object");
  return Array.isArray(value) ? {} : (value as Fields);
}

function readMultipart(body: string, contentType: string | null): Fields {
  const fields = multipartFields(body, contentType ?? "");
  if (!fields) throw new InputError("it is no multipart body");
  return valuesByName(fields);
}
