/** JSON web tokens with a shared secret, made for tests by Web Crypto. */

const UTF8 = new TextEncoder();

export function base64Url(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? UTF8.encode(content) : content;
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export interface TokenParts {
  readonly header?: object;
  readonly payload: unknown;
  /** HMAC of it with `hash`, SHA-256 where that is left out. */
  readonly secret: string | Uint8Array<ArrayBuffer>;
  readonly hash?: string;
}

export async function signedToken({ header, payload, secret, hash }: TokenParts): Promise<string> {
  const parts = [header ?? { alg: "HS256", typ: "JWT" }, payload];
  const text = parts.map((part) => base64Url(JSON.stringify(part))).join(".");
  const raw = typeof secret === "string" ? UTF8.encode(secret) : secret;
  const algorithm = { name: "HMAC", hash: hash ?? "SHA-256" };
  const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, UTF8.encode(text));
  return `${text}.${base64Url(new Uint8Array(signature))}`;
}
