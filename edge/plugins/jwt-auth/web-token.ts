import { isJsonObject } from "../../../shared/json-object.ts";
import { decodeBase64, decodeBase64Url, standardDigits } from "../base64.ts";

/** A JWT (RFC 7519) in the compact form of a JWS (RFC 7515 7.1), not verified. */
export interface WebToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The bytes under the signature. */
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

const ASCII = new TextEncoder();
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Undefined for what is no token of three parts with JSON objects in the first two. */
export function readWebToken(text: string): WebToken | undefined {
  const [header, payload, signature, ...more] = text.split(".");
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  const read = { header: readObject(header), payload: readObject(payload) };
  if (more.length > 0 || !read.header || !read.payload) return undefined;
  return {
    header: read.header,
    payload: read.payload,
    signed: new Uint8Array(ASCII.encode(`${header}.${payload}`)),
    // One that is no base64 is none of any key.
    signature: decodeBase64Url(signature) ?? new Uint8Array(),
  };
}

/** APISIX takes either alphabet of base64 here; the signature covers the text as it stands. */
function readObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64(standardDigits(part));
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(UTF8.decode(bytes));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
