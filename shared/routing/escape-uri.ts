import { byteString } from "./uri-bytes.ts";

/** What nginx (from 1.21.1 on) escapes in a path that it has decoded; a percent sign as well. */
const NOT_OF_A_PATH = /[^!$&'()*+,\-./0-9:;=@A-Z[\]_a-z~]/g;

/** A decoded path as it is sent: what must not stand in one is percent-encoded, byte by byte. */
export function escapePath(path: string): string {
  return byteString(path).replace(NOT_OF_A_PATH, escaped);
}

/** `ngx.escape_uri`, as a name or value of a query is written: all but letters, digits and `-._~`. */
export function escapeComponent(text: string): string {
  return byteString(text).replaceAll(/[^\w.~-]/g, escaped);
}

/** What would end a request line's word, or the line. */
const NOT_OF_A_WORD = /[\0-\x20\x7f]/g;

/** Text of variables in a target that is sent as it is, made safe to stand there. */
export function escapeTarget(target: string): string {
  return target.replace(NOT_OF_A_WORD, escaped);
}

function escaped(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
