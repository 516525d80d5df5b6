/**
 * The head of an HTTP/1.1 response, strictly (RFC 9112): what could be read in two ways is refused, since
 * two readers that differ are how requests are smuggled.
 */

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
}

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
const MAX_HEADERS = 256;
const CR = 13;
const LF = 10;

const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Where the empty line ends, or -1 where it has not come yet. */
export function headEnd(bytes: Uint8Array, from = 0): number {
  for (let i = bytes.indexOf(LF, from); i >= 0; i = bytes.indexOf(LF, i + 1)) {
    if (i >= 3 && bytes[i - 1] === CR && bytes[i - 2] === LF && bytes[i - 3] === CR) return i + 1;
  }
  return -1;
}

/** Parses a head that ends with its empty line. */
export function parseHead(bytes: Uint8Array): ResponseHead {
  const [statusLine = "", ...fields] = linesOf(bytes);
  const status = STATUS_LINE.exec(statusLine);
  if (!status)
    throw new MalformedResponse(`no status line: ${JSON.stringify(statusLine.slice(0, 80))}`);
  if (fields.length > MAX_HEADERS) throw new MalformedResponse(`more than ${MAX_HEADERS} headers`);
  const headers = new Headers();
  for (const line of fields) {
    const field = FIELD.exec(line);
    if (!field) throw new MalformedResponse(`no header: ${JSON.stringify(line.slice(0, 80))}`);
    headers.append(field[1] as string, (field[2] as string).trimEnd());
  }
  return { status: Number(status[1]), reason: status[2] ?? "", headers };
}

/** RFC 9112 6.3, for the answer to a request with `method`. */
export function framingOf(head: ResponseHead, method: string): Framing {
  const { status, headers } = head;
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== null && length !== null) {
    throw new MalformedResponse("both Transfer-Encoding and Content-Length");
  }
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { is: "none" };
  if (coding !== null) {
    if (coding.trim().toLowerCase() === "chunked") return { is: "chunked" };
    throw new MalformedResponse(`Transfer-Encoding ${JSON.stringify(coding)}`);
  }
  if (length === null) return { is: "until-close" };
  const values = new Set(length.split(",").map((value) => value.trim()));
  const [value = ""] = values;
  if (values.size !== 1 || !/^\d{1,15}$/.test(value)) {
    throw new MalformedResponse(`Content-Length ${JSON.stringify(length)}`);
  }
  return { is: "length", bytes: Number(value) };
}

/** Lines of the head without their CRLF; a bare CR or LF, and a folded line, are refused. */
function linesOf(bytes: Uint8Array): string[] {
  let text = "";
  // Latin-1: one byte, one character. TextDecoder's "latin1" is windows-1252, which is not that.
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  const lines = text.slice(0, -4).split("\r\n");
  for (const line of lines) {
    if (/[\r\n]/.test(line)) throw new MalformedResponse("a line that does not end with CRLF");
    if (/^[ \t]/.test(line)) throw new MalformedResponse("a folded header line");
  }
  return lines;
}
