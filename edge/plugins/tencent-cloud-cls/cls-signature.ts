import { hexOf } from "../../../shared/hex.ts";

const UTF8 = new TextEncoder();
const VALID_SECONDS = 60;

/**
 * `Authorization` of a request to Tencent's Cloud Log Service without parameters and headers that are
 * signed (https://cloud.tencent.com/document/product/614/12445). `now`: seconds since 1970.
 */
export async function clsAuthorization(
  secret: { readonly id: string; readonly key: string },
  path: string,
  now: number,
): Promise<string> {
  const time = `${now};${now + VALID_SECONDS}`;
  const digest = await crypto.subtle.digest("SHA-1", UTF8.encode(`post\n${path}\n\n\n`));
  const toSign = `sha1\n${time}\n${hexOf(new Uint8Array(digest))}\n`;
  const signature = await hmacSha1(await hmacSha1(secret.key, time), toSign);
  return [
    "q-sign-algorithm=sha1",
    `q-ak=${secret.id}`,
    `q-sign-time=${time}`,
    `q-key-time=${time}`,
    "q-header-list=",
    "q-url-param-list=",
    `q-signature=${signature}`,
  ].join("&");
}

/** In hexadecimal digits, which are also the key where it is one. */
async function hmacSha1(key: string, text: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const imported = await crypto.subtle.importKey("raw", UTF8.encode(key), algorithm, false, [
    "sign",
  ]);
  return hexOf(new Uint8Array(await crypto.subtle.sign("HMAC", imported, UTF8.encode(text))));
}
