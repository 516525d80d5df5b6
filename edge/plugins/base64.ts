/**
 * As `ngx.decode_base64`, on which APISIX's credentials rely: padding may be missing, and what follows it
 * does not count. Undefined for what is no base64.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const [digits = ""] = text.split("=", 1);
  if (digits.length % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(digits)) return undefined;
  return Uint8Array.from(atob(digits), (byte) => byte.charCodeAt(0));
}

/** The same in the alphabet for URLs (RFC 4648 5). */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/[+/]/.test(text)) return undefined;
  return decodeBase64(standardDigits(text));
}

/** Digits of either alphabet in those of the standard one. */
export function standardDigits(text: string): string {
  return text.replaceAll("-", "+").replaceAll("_", "/");
}

/** With padding. Not for long texts: the bytes are passed as arguments. */
export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
