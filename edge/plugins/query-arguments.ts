import { type FormField, parseForm } from "../../shared/request/form.ts";
import { byteString } from "../../shared/routing/uri-bytes.ts";

/** Every value of an argument, decoded; `true` where it has no `=`. */
export function argumentValues(args: string, name: string): readonly (string | true)[] {
  return parseForm(args).flatMap(([each, value]) => (each === name ? [value] : []));
}

/** The query without an argument, the others decoded and encoded again as APISIX does. */
export function withoutArgument(args: string, name: string): string {
  const others = parseForm(args).filter(([each]) => each !== name);
  return others.map(encodeField).join("&");
}

function encodeField([name, value]: FormField): string {
  const encoded = escapeUri(name);
  return value === true ? encoded : `${encoded}=${escapeUri(value)}`;
}

/** `ngx.escape_uri`: everything but letters, digits and `-._~`. */
function escapeUri(text: string): string {
  return byteString(text).replaceAll(/[^\w.~-]/g, (byte) => `%${hexOf(byte)}`);
}

function hexOf(byte: string): string {
  return byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}
