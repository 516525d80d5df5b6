/**
 * The head of an HTTP/1.1 response, strictly (RFC 9112): what could be read in two ways is refused, since
 * two readers that differ are how requests are smuggled.
 */

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Name and value as sent, in order. */
  readonly fields: readonly Field[];
}

export type Field = readonly [name: string, value: string];

/** How long the body is, and how to tell. */
export type Framing =
  | { readonly is: "none" }
  | { readonly is: "length"; readonly bytes: number }
  | { readonly is: "chunked" }
  | { readonly is: "until-close" };

/** Bytes that are no HTTP/1.1 response. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedResponse";
}

export const MAX_HEAD_BYTES = 128 * 1024;
export const MAX_FIELDS = 256;

// Text without control characters; what is not ASCII is text (`obs-text`), U+0080 to U+009F too.
const STATUS_LINE = /^HTTP\/1\.\d ([1-5]\d\d)(?: (?:[^\p{Cc}]|[\t\x80-\x9f])*)?$/u;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):((?:[^\p{Cc}]|[\t\x80-\x9f])*)$/u;
/** What the platform takes as a reason; any other is left out. */
const PRINTABLE = /^[\x20-\x7e]*$/;

// Values are UTF-8 on this platform's Headers, both ways; only so do they pass unchanged.
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Parses a head that ends with its empty line. */
export function parseHead(bytes: Uint8Array): ResponseHead {
  const [statusLine = "", ...lines] = linesOf(bytes);
  const status = STATUS_LINE.exec(statusLine);
  if (!status) throw new MalformedResponse(`no status line: ${quoted(statusLine)}`);
  if (lines.length > MAX_FIELDS) throw new MalformedResponse(`more than ${MAX_FIELDS} fields`);
  const fields = lines.map((line): Field => {
    const field = FIELD.exec(line);
    if (!field) throw new MalformedResponse(`no header field: ${quoted(line)}`);
    return [field[1] as string, withoutEdges(field[2] as string)];
  });
  const reason = statusLine.slice("HTTP/1.1 200 ".length);
  const head = { status: Number(status[1]), reason: PRINTABLE.test(reason) ? reason : "", fields };
  if (statusLine.startsWith("HTTP/1.0") && valuesOf(head, "transfer-encoding").length > 0) {
    throw new MalformedResponse("Transfer-Encoding in HTTP/1.0");
  }
  return head;
}

/** Every value of a field, in order. `name` is in lower case. */
export function valuesOf({ fields }: Pick<ResponseHead, "fields">, name: string): string[] {
  return fields.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
}

/** RFC 9112 6.3, for the answer to a request with `method`. */
export function framingOf(head: ResponseHead, method: string): Framing {
  const { status } = head;
  const codings = valuesOf(head, "transfer-encoding");
  const length = contentLengthOf(head);
  if (codings.length > 0 && length !== undefined) {
    throw new MalformedResponse("both Transfer-Encoding and Content-Length");
  }
  const hasNoBody = status < 200 || status === 204 || status === 205 || status === 304;
  if (method === "HEAD" || hasNoBody) return { is: "none" };
  if (codings.length > 0) {
    const coding = codings.join(", ");
    if (coding.toLowerCase() === "chunked") return { is: "chunked" };
    throw new MalformedResponse(`Transfer-Encoding ${quoted(coding)}`);
  }
  return length === undefined ? { is: "until-close" } : { is: "length", bytes: length };
}

/** The same length said twice is that length; two lengths are none (RFC 9112 6.3). */
export function contentLengthOf(head: ResponseHead): number | undefined {
  const texts = valuesOf(head, "content-length").flatMap((value) => value.split(","));
  if (texts.length === 0) return undefined;
  const values = new Set(texts.map((text) => text.trim()));
  const [value = ""] = values;
  if (values.size !== 1 || !/^\d{1,15}$/.test(value)) {
    throw new MalformedResponse(`Content-Length ${quoted(texts.join(","))}`);
  }
  return Number(value);
}

/** Lines of the head without their CRLF; a bare CR and a folded line are refused. */
function linesOf(bytes: Uint8Array): string[] {
  const lines = decoder.decode(bytes).slice(0, -4).split("\r\n");
  for (const line of lines) {
    if (line.includes("\r")) throw new MalformedResponse("a carriage return within a line");
    if (/^[ \t]/.test(line)) throw new MalformedResponse("a folded header line");
  }
  return lines;
}

/** Without spaces and tabs around it. No pattern does this in linear time from both ends. */
function withoutEdges(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
