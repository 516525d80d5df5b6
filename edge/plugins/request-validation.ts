import { type ParsedJson, parseJson } from "../../shared/parse-json.ts";
import { parseForm, valuesByName } from "../../shared/request/form.ts";
import { decodeUri } from "../../shared/routing/uri-bytes.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { type SchemaCheck, schemaCheck } from "./json-schema.ts";
import { definePlugin } from "./plugin.ts";

interface RequestValidationConfiguration {
  readonly header_schema?: object;
  readonly body_schema?: object;
  readonly rejected_code: number;
  readonly rejected_msg?: string;
  readonly max_req_body_size: number;
}

/**
 * `request-validation`: a request's headers and body have to fit JSON Schemas (reference 8.2). What the upstream
 * gets is the JSON that was checked, written anew, so that it cannot read it in another way.
 */
export const requestValidation = definePlugin<RequestValidationConfiguration>(() => ({
  build({ header_schema: headerSchema, body_schema: bodySchema, ...settings }) {
    const headerFault = headerSchema && schemaCheck(headerSchema);
    const bodyFault = bodySchema && schemaCheck(bodySchema);
    const { rejected_code: status, rejected_msg: message } = settings;
    const rejection = (why: string | undefined): Exit => ({ status, body: message ?? why });
    return {
      async rewrite(exchange) {
        const wrongHeader = headerFault?.(headersOf(exchange));
        if (wrongHeader !== undefined) return rejection(wrongHeader);
        if (!bodyFault) return undefined;
        const body = await exchange.readBody(settings.max_req_body_size);
        if (body === "too long") return { status: 413 };
        return checkBody(exchange, body, bodyFault, rejection);
      },
    };
  },
}));

/** By their names in lower case. */
function headersOf(exchange: Exchange): object {
  return { ...Object.fromEntries(exchange.headers), host: exchange.client.hostHeader };
}

function checkBody(
  exchange: Exchange,
  bytes: Uint8Array,
  faultOf: SchemaCheck,
  rejection: (why: string | undefined) => Exit,
): Exit | undefined {
  if (bytes.length === 0) return rejection(undefined);
  const type = exchange.header("content-type") ?? "";
  // Two headers of that name, which gateway and upstream may read differently.
  if (/^[^;"]*,/.test(type)) return rejection("Content-Type header is duplicated");
  const isForm = type.startsWith("application/x-www-form-urlencoded");
  const parsed = isForm ? parsedForm(bytes) : parseJson(new TextDecoder().decode(bytes));
  if ("fault" in parsed) return rejection(parsed.fault);
  const fault = faultOf(parsed.value);
  if (fault !== undefined) return rejection(fault);
  if (!isForm) exchange.body = new TextEncoder().encode(JSON.stringify(parsed.value));
  return undefined;
}

/** A name that comes again makes a list of its values; one without a value is `true`. */
function parsedForm(bytes: Uint8Array): ParsedJson {
  return { value: valuesByName(parseForm(decodeUri(bytes, 0, bytes.length))) };
}
