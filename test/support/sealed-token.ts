import { base64Url } from "./web-tokens.ts";

const UTF8 = new TextEncoder();
const IV = new Uint8Array(12).fill(7);

/** A token of jwe-decrypt: `dir` with A256GCM, its header not authenticated. `secret`: 32 characters. */
export async function sealedToken(text: string, secret: string, kid: string): Promise<string> {
  const raw = UTF8.encode(secret);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: IV }, key, UTF8.encode(text));
  const bytes = new Uint8Array(sealed);
  const header = base64Url(JSON.stringify({ alg: "dir", enc: "A256GCM", kid }));
  const parts = [header, "", IV, bytes.subarray(0, -16), bytes.subarray(-16)];
  return parts.map((part) => (part === header ? header : base64Url(part))).join(".");
}
