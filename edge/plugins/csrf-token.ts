import { numberText } from "../../shared/expression/lua-number.ts";
import { hexOf } from "../../shared/hex.ts";
import { isJsonObject } from "../../shared/json-object.ts";
import { decodeBase64 } from "./base64.ts";
import type { PluginDeps } from "./plugin.ts";
import { timingSafeEqual } from "./timing-safe-equal.ts";

export interface CsrfTokens {
  create(): Promise<string>;
  /** Whether we have made it, with the same key, and it is not too old. */
  isGood(token: string): Promise<boolean>;
}

const UTF8 = new TextEncoder();

/** Tokens as APISIX makes them; one that it made is good here, and the other way round. `expires`: seconds. */
export function csrfTokens(
  key: string,
  expires: number,
  { now, randomBytes }: Pick<PluginDeps, "now" | "randomBytes">,
): CsrfTokens {
  const seconds = () => Math.floor(now() / 1000);
  /** Not JSON, although it looks so. */
  const sign = async (random: string, issued: string) => {
    const text = `{expires:${issued},random:${random},key:${key}}`;
    return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", UTF8.encode(text))));
  };
  return {
    async create() {
      const random = fraction(randomBytes(7));
      // The field is called so, but it is the time of issue.
      const issued = seconds();
      const signature = await sign(numberText(random), numberText(issued));
      return btoa(JSON.stringify({ random, expires: issued, sign: signature }));
    },
    async isGood(token) {
      const read = readToken(token);
      if (!read) return false;
      if (expires > 0 && seconds() - read.issued > expires) return false;
      return timingSafeEqual(read.signature, await sign(read.random, numberText(read.issued)));
    },
  };
}

/** At least 0, less than 1, of 53 bits. */
function fraction(bytes: Uint8Array): number {
  const [first = 0, ...others] = bytes;
  return others.reduce((sum, byte) => sum * 256 + byte, first % 32) / 2 ** 53;
}

interface ReadToken {
  readonly random: string;
  /** Seconds since 1970. */
  readonly issued: number;
  readonly signature: string;
}

function readToken(token: string): ReadToken | undefined {
  const bytes = decodeBase64(token);
  const value = bytes && parsedOrUndefined(new TextDecoder().decode(bytes));
  if (!isJsonObject(value)) return undefined;
  const { random, expires, sign } = value;
  if (typeof expires !== "number" || typeof sign !== "string") return undefined;
  if (typeof random === "number") {
    return { random: numberText(random), issued: expires, signature: sign };
  }
  return typeof random === "string" ? { random, issued: expires, signature: sign } : undefined;
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
