import { hexOf } from "../hex.ts";

/** SHA-256 of `bytes`, as 64 lower-case hex digits: the name and the proof of a chunk. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as BufferSource);
  return hexOf(new Uint8Array(digest));
}
