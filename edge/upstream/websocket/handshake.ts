/** RFC 6455 4.1: the client's side of the handshake. */

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export function newKey(randomBytes: (count: number) => Uint8Array): string {
  return base64(randomBytes(16));
}

/** What `Sec-WebSocket-Accept` must be for this key. */
export async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + GUID));
  return base64(new Uint8Array(digest));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
