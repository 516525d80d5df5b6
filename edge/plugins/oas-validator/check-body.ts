import { isJsonObject } from "../../../shared/json-object.ts";
import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { setField } from "../../../shared/json-schema/lua-value.ts";
import { parseJson } from "../../../shared/parse-json.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { parseForm } from "../../../shared/request/form.ts";
import { parseMultipart } from "../../../shared/request/multipart.ts";
import { decodeUri } from "../../../shared/routing/uri-bytes.ts";
import { coerce, typesOf } from "./coerce.ts";
import type { MediaType, Operation } from "./operation.ts";

export interface SentBody {
  readonly bytes: Uint8Array;
  /** Its Content-Type. */
  readonly type: string | undefined;
}

/** What of the body does not fit, in APISIX's words. One without a Content-Type is not looked into. */
export function checkBody(described: Operation["body"], sent: SentBody): readonly string[] {
  if (!described) return [];
  const { media, required } = described;
  if (sent.bytes.length === 0) return required ? ["body: request body is required"] : [];
  if (sent.type === undefined || media.length === 0) return [];
  const type = sent.type.toLowerCase();
  const found = media.find((one) => isOfType(type, one.type));
  if (!found) return [`body: content type ${sent.type} is not declared in the spec`];
  return found.schema ? contentFaults(found, found.schema, type, sent) : [];
}

/** Types of a document may be ranges, such as `text/*`. */
function isOfType(type: string, declared: string): boolean {
  if (declared === "*/*") return true;
  return type.includes(declared.endsWith("/*") ? declared.slice(0, -1) : declared);
}

function contentFaults(
  { readOnly }: MediaType,
  schema: JsonSchema,
  type: string,
  sent: SentBody,
): readonly string[] {
  const content = readContent(schema, type, sent);
  if (content === undefined) return [];
  if ("fault" in content) return [`body: ${content.fault}`];
  const { value } = content;
  const faults = readOnly.flatMap((name) =>
    isJsonObject(value) && Object.hasOwn(value, name)
      ? [`body parameter '${name}': readOnly property '${name}' should not be sent in request`]
      : [],
  );
  const fault = checkSchema(schema, value)?.words;
  return fault === undefined ? faults : [...faults, `body: ${fault}`];
}

type Content = { readonly value: unknown } | { readonly fault: string };

/** Undefined: nothing is known of bodies of such a type. */
function readContent(
  schema: JsonSchema,
  type: string,
  { bytes, ...sent }: SentBody,
): Content | undefined {
  if (type.includes("application/json") || type.includes("+json")) {
    const parsed = parseJson(new TextDecoder().decode(bytes));
    return "fault" in parsed ? { fault: `invalid JSON body: ${parsed.fault}` } : parsed;
  }
  const text = () => decodeUri(bytes, 0, bytes.length);
  if (type.includes("application/x-www-form-urlencoded")) {
    const fields = parseForm(text()).map(
      ([name, value]) => [name, value === true ? "" : value] as const,
    );
    return { value: formValue(fields, schema) };
  }
  if (!type.includes("multipart/form-data")) return undefined;
  const fields = parseMultipart(text(), sent.type ?? "");
  return fields ? { value: formValue(fields, schema) } : { fault: "missing multipart boundary" };
}

/** The last value of a name counts. */
function formValue(
  fields: Iterable<readonly [string, string]>,
  { properties = {} }: JsonSchema,
): object {
  const value: Record<string, unknown> = {};
  for (const [name, text] of fields) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    setField(value, name, schema ? fieldValue(text, schema) : text);
  }
  return value;
}

/** Lists and objects come as JSON. */
function fieldValue(text: string, schema: JsonSchema): unknown {
  const types = typesOf(schema, new Set());
  if (types.has("object") || types.has("array")) {
    const parsed = parseJson(text);
    if (!("fault" in parsed)) return parsed.value;
  }
  return coerce(text, schema);
}
