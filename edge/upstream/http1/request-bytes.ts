import type { ExchangeRequest } from "./exchange.ts";

/** The bytes of a request. Text that could break out of its line is refused, whatever let it in. */

const encoder = new TextEncoder();
const TAB = 9;
const DELETE = 0x7f;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function requestHead(request: ExchangeRequest): Uint8Array {
  const { method, target, host, headers, upgrade } = request;
  if (!TOKEN.test(method)) throw new TypeError(`no method: ${JSON.stringify(method)}`);
  const lines = [`${method} ${oneWord(target)} HTTP/1.1`, `host: ${line(host)}`];
  for (const [name, value] of headers) {
    if (name !== "content-length" || !isChunked(request)) lines.push(`${name}: ${line(value)}`);
  }
  if (isChunked(request)) lines.push("transfer-encoding: chunked");
  if (request.body instanceof Uint8Array && !headers.has("content-length")) {
    lines.push(`content-length: ${request.body.length}`);
  }
  if (upgrade === undefined) lines.push("connection: close");
  else lines.push("connection: upgrade", `upgrade: ${line(upgrade)}`);
  return latin1(`${lines.join("\r\n")}\r\n\r\n`);
}

/** The body in pieces, framed as the head said. */
export async function* requestPieces(request: ExchangeRequest): AsyncGenerator<Uint8Array> {
  const { body } = request;
  if (body === null) return;
  if (body instanceof Uint8Array) {
    if (body.length > 0) yield body;
    return;
  }
  const chunked = isChunked(request);
  for await (const piece of body) {
    if (piece.length === 0) continue;
    if (chunked) yield encoder.encode(`${piece.length.toString(16)}\r\n`);
    yield piece;
    if (chunked) yield encoder.encode("\r\n");
  }
  if (chunked) yield encoder.encode("0\r\n\r\n");
}

/** A streamed body whose length the client did not say. */
function isChunked({ body, headers }: ExchangeRequest): boolean {
  if (body === null || body instanceof Uint8Array) return false;
  return !/^\d+$/.test(headers.get("content-length") ?? "");
}

function line(text: string): string {
  return safe(text, (code) => code < 0x20 && code !== TAB);
}

function oneWord(text: string): string {
  return safe(text, (code) => code <= 0x20 || code === DELETE);
}

function safe(text: string, isForbidden: (code: number) => boolean): string {
  for (let i = 0; i < text.length; i++) {
    if (isForbidden(text.charCodeAt(i)))
      throw new TypeError(`not in one line: ${JSON.stringify(text)}`);
  }
  return text;
}

/** One character, one byte; text with a character beyond Latin-1 as UTF-8. */
function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return encoder.encode(text);
    bytes[i] = code;
  }
  return bytes;
}
