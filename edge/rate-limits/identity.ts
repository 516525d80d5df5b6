import { hexOf } from "../../shared/hex.ts";

const UTF8 = new TextEncoder();
/** A key is the client's to choose, and must not fill the memory. */
const LONGEST_NAME = 256;
const HASH_DIGITS = 16;

/** Of a plugin's configuration: whoever changes it begins to count anew, and finds the old count on return. */
export async function configurationHash(configuration: object): Promise<string> {
  return (await sha256(JSON.stringify(sorted(configuration)))).slice(0, HASH_DIGITS);
}

/** The name of a counter, of a length that can be kept. */
export async function counterIdentity(...parts: readonly (string | number)[]): Promise<string> {
  const name = parts.join(":");
  return name.length <= LONGEST_NAME ? name : `sha256:${await sha256(name)}`;
}

async function sha256(text: string): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", UTF8.encode(text))));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(names.map(([name, member]) => [name, sorted(member)]));
}
