import { isJsonObject } from "../../shared/json-object.ts";
import { BoundedMap } from "../bounded-map.ts";
import { firstLine, isRepeatedAuthorization } from "./authorization-header.ts";
import { decodeBase64, decodeBase64Url } from "./base64.ts";
import type { Exchange } from "./exchange.ts";
import { exitWith } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

interface JweDecryptConfiguration {
  readonly header: string;
  readonly forward_header: string;
  readonly strict: boolean;
}

const KEYS_KEPT = 1000;

/**
 * `jwe-decrypt`: the text of an encrypted token, for the upstream. Whoever has made it is not told, and
 * no consumer is attached (reference 8.1).
 */
export const jweDecrypt = definePlugin<JweDecryptConfiguration>(() => {
  const keys = new BoundedMap<string, Promise<CryptoKey | undefined>>(KEYS_KEPT);
  const keyOf = (secret: string, isBase64: boolean) => {
    const name = JSON.stringify([secret, isBase64]);
    const key = keys.get(name) ?? importKey(secret, isBase64);
    keys.set(name, key);
    return key;
  };
  return {
    build: ({ header, forward_header: forwardHeader, strict }) => ({
      async rewrite(exchange) {
        if (isRepeatedAuthorization(exchange, header)) return { status: 400 };
        const text = tokenIn(exchange, header);
        if (text === undefined) {
          return strict ? exitWith(403, "missing JWE token in request") : undefined;
        }
        const token = readToken(text);
        if (!token) return exitWith(400, "JWE token invalid");
        const { kid } = token.header;
        if (kid === undefined || kid === false) return exitWith(400, "missing kid in JWE token");
        const identity =
          typeof kid === "string" && (await exchange.consumers.identified("jwe-decrypt", kid));
        if (!identity) return exitWith(400, "invalid kid in JWE token");
        const { secret, is_base64_encoded: isBase64 } = identity.auth;
        const key = await keyOf(typeof secret === "string" ? secret : "", isBase64 === true);
        const plain = key && (await decrypted(token, key));
        if (plain === undefined) return exitWith(400, "failed to decrypt JWE token");
        exchange.headers.set(forwardHeader, plain);
        exchange.userHeaders.add(forwardHeader);
        return undefined;
      },
    }),
  };
});

/** In the compact form (RFC 7516 7.1). */
interface EncryptedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
  readonly tag: Uint8Array<ArrayBuffer>;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function tokenIn(exchange: Exchange, header: string): string | undefined {
  const value = exchange.header(header);
  return value === null ? undefined : firstLine(value.replace(/^[Bb]earer /, ""));
}

/** The key is the consumer's own (`dir`): what stands in the second part does not count. */
function readToken(text: string): EncryptedToken | undefined {
  const parts = text.split(".");
  const [encodedHeader = "", , ...rest] = parts;
  const header = parts.length === 5 ? readHeader(encodedHeader) : undefined;
  if (!header) return undefined;
  // Parts that are no base64 are decrypted by no key.
  const [iv, ciphertext, tag] = rest.map((part) => decodeBase64Url(part) ?? new Uint8Array());
  return iv && ciphertext && tag ? { header, iv, ciphertext, tag } : undefined;
}

function readHeader(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64Url(part);
  if (!bytes) return undefined;
  try {
    const header: unknown = JSON.parse(UTF8.decode(bytes));
    return isJsonObject(header) ? header : undefined;
  } catch {
    return undefined;
  }
}

/** A256GCM takes 32 bytes; undefined for a secret that is not as long. */
async function importKey(secret: string, isBase64: boolean): Promise<CryptoKey | undefined> {
  const bytes = isBase64 ? decodeBase64(secret) : new TextEncoder().encode(secret);
  if (bytes?.length !== 32) return undefined;
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]);
}

const TAG_BYTES = 16;

/**
 * Undefined where the token was not made with this key. As APISIX makes and reads them, the header is not
 * authenticated, and of a longer tag the first 128 bits count; a shorter one never holds.
 */
async function decrypted(
  { iv, ciphertext, tag }: EncryptedToken,
  key: CryptoKey,
): Promise<string | undefined> {
  if (iv.length === 0 || tag.length < TAG_BYTES) return undefined;
  const sealed = new Uint8Array([...ciphertext, ...tag.subarray(0, TAG_BYTES)]);
  try {
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed);
    const text = UTF8.decode(plain);
    // A line break would end the header; `Headers` would fail.
    return /[\0\r\n]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
