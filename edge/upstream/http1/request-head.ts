import { ClientFailure } from "../failure.ts";

/** How the body follows the head. */
export type BodyFraming =
  | { readonly is: "none" }
  | { readonly is: "length"; readonly bytes: number }
  | { readonly is: "chunked" };

export interface RequestHead {
  readonly method: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  readonly host: string;
  /** Without Host and hop-by-hop headers. */
  readonly headers: Headers;
  readonly framing: BodyFraming;
  /** A protocol to change to; it makes the connection an upgrade's, else it is for this request only. */
  readonly upgrade: string | undefined;
}

const TAB = 9;
const DELETE = 0x7f;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const WRITTEN_HERE = new Set(["host", "content-length", "transfer-encoding", "connection"]);

// The platform hands us header values as UTF-8 text; only so do the client's bytes arrive unchanged.
const encoder = new TextEncoder();

/** Throws `ClientFailure` for text that would break out of its line, whatever let it in. */
export function requestHeadBytes(head: RequestHead): Uint8Array {
  const { method, target, host, headers, framing, upgrade } = head;
  if (!TOKEN.test(method)) throw new ClientFailure(`no method: ${JSON.stringify(method)}`);
  const lines = [`${method} ${oneWord(target)} HTTP/1.1`, `host: ${oneWord(host)}`];
  for (const [name, value] of headers) {
    if (!WRITTEN_HERE.has(name)) lines.push(`${name}: ${oneLine(value)}`);
  }
  if (framing.is === "length") lines.push(`content-length: ${framing.bytes}`);
  if (framing.is === "chunked") lines.push("transfer-encoding: chunked");
  if (upgrade === undefined) lines.push("connection: close");
  else lines.push("connection: upgrade", `upgrade: ${oneWord(upgrade)}`);
  return encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
}

function oneLine(text: string): string {
  return refusing(text, (code) => (code < 0x20 && code !== TAB) || code === DELETE);
}

function oneWord(text: string): string {
  return refusing(text, (code) => code <= 0x20 || code === DELETE);
}

function refusing(text: string, isForbidden: (code: number) => boolean): string {
  for (let i = 0; i < text.length; i++) {
    if (isForbidden(text.charCodeAt(i))) {
      throw new ClientFailure(`not to be sent in one line: ${JSON.stringify(text.slice(0, 80))}`);
    }
  }
  return text;
}
