import type { JsonValue } from "../expression/variables.ts";
import { decodeUri, encodeUri, MAX_BYTES_PER_UNIT } from "../routing/uri-bytes.ts";

/** One name and its value, as OpenResty reads them: `true` where there is no `=`. */
export type FormField = readonly [name: string, value: string | true];

/** The fields of a query or of a form's body, decoded, in their order; those without a name are left out. */
export function parseForm(text: string): FormField[] {
  const fields: FormField[] = [];
  for (const part of text.split("&")) {
    const equals = part.indexOf("=");
    const name = decodeFormText(equals < 0 ? part : part.slice(0, equals));
    if (name === "") continue;
    fields.push([name, equals < 0 ? true : decodeFormText(part.slice(equals + 1))]);
  }
  return fields;
}

/** By name, the first value of each. */
export function firstValues(fields: readonly FormField[]): ReadonlyMap<string, string | true> {
  return new Map(fields.toReversed());
}

/** By name; a field that is there several times is a list, as in OpenResty. */
export function valuesByName(fields: readonly FormField[]): Readonly<Record<string, JsonValue>> {
  const values = Map.groupBy(fields, ([name]) => name);
  const entries = [...values].map(([name, all]): [string, JsonValue] => {
    const [first, ...more] = all.map(([, value]) => value);
    return [name, first !== undefined && more.length === 0 ? first : [first ?? true, ...more]];
  });
  return Object.fromEntries(entries);
}

/** `+` is a space and `%41` an A; what is no percent sequence stays as it is. */
function decodeFormText(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  const bytes = new Uint8Array(spaced.length * MAX_BYTES_PER_UNIT);
  const size = encodeUri(spaced, bytes);
  let kept = 0;
  for (let at = 0; at < size; at++) {
    const code = bytes[at] === PERCENT ? hexByte(bytes, at + 1, size) : undefined;
    bytes[kept++] = code ?? (bytes[at] as number);
    if (code !== undefined) at += 2;
  }
  return decodeUri(bytes, 0, kept);
}

const PERCENT = 0x25;

function hexByte(bytes: Uint8Array, at: number, size: number): number | undefined {
  if (at + 2 > size) return undefined;
  const digits = String.fromCharCode(bytes[at] as number, bytes[at + 1] as number);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}
