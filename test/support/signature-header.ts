const UTF8 = new TextEncoder();

/** By default what `jack` signs, whose key is `k-jack` and whose secret is `s-jack`. */
export interface Signing {
  readonly keyId?: string;
  readonly secret?: string;
  readonly algorithm?: string;
  /** Names that the header lists. */
  readonly names?: string;
  /** What is signed below the key's id. */
  readonly lines: readonly string[];
}

/** `Authorization` of hmac-auth. */
export async function signatureHeader(signing: Signing): Promise<string> {
  const { keyId = "k-jack", secret = "s-jack", algorithm = "hmac-sha256" } = signing;
  const { names = "@request-target date", lines } = signing;
  const hash = algorithm.replace("hmac-sha", "SHA-");
  const imported = { name: "HMAC", hash };
  const raw = UTF8.encode(secret);
  const key = await crypto.subtle.importKey("raw", raw, imported, false, ["sign"]);
  const text = UTF8.encode([keyId, ...lines, ""].join("\n"));
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
  const signature = btoa(String.fromCharCode(...bytes));
  const fields = { keyId, algorithm, headers: names, signature };
  const parts = Object.entries(fields).map(([name, value]) => `${name}="${value}"`);
  return `Signature ${parts.join(",")}`;
}
