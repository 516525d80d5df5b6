import { parseJson } from "../../../shared/parse-json.ts";
import { type AdminFault, refused } from "./fault.ts";

/** A body as JSON; `value` is undefined where there is none. */
export type ParsedBody = { readonly value: unknown } | { readonly fault: BodyFault };

export interface BodyFault extends AdminFault {
  /** The body as it was sent, where it is no JSON. */
  readonly req_body?: string;
}

/** Bytes that a body may have. */
export const MOST_OF_BODY = 1_572_864;

const decoder = new TextDecoder();

/** Reads a body, or says what is wrong with it in the words of lua-cjson. */
export function parseBody(bytes: Uint8Array, mostBytes = MOST_OF_BODY): ParsedBody {
  const wrong = (why: string): AdminFault => refused(`invalid request body: ${why}`);
  if (bytes.byteLength > mostBytes) {
    const size = `request size ${bytes.byteLength} is greater than the maximum size`;
    return { fault: wrong(`${size} ${mostBytes} allowed`) };
  }
  if (bytes.byteLength === 0) return { value: undefined };
  const text = decoder.decode(bytes);
  const parsed = parseJson(text);
  return "fault" in parsed ? { fault: { ...wrong(parsed.fault), req_body: text } } : parsed;
}
