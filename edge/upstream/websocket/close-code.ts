/** How one side ended its connection. 1005: its close frame had no code. 1006: there was no close frame. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export const NO_CODE = 1005;
export const NO_CLOSE_FRAME = 1006;
/** What the client is told where the upstream's connection broke; 1006 cannot be sent. */
export const BAD_GATEWAY = 1014;

const MAX_REASON_BYTES = 123;

/** Codes that may stand in a frame (RFC 6455 7.4); the others only say how a connection ended. */
export function isSendable(code: number): boolean {
  const isRegistered =
    code >= 1000 && code <= 1014 && ![1004, NO_CODE, NO_CLOSE_FRAME].includes(code);
  return isRegistered || (code >= 3000 && code <= 4999);
}

export function closingOf(payload: Uint8Array): Closing {
  if (payload.length < 2) return { code: NO_CODE, reason: "" };
  const code = ((payload[0] as number) << 8) | (payload[1] as number);
  return { code, reason: new TextDecoder().decode(payload.subarray(2)) };
}

export function closePayload({ code, reason }: Closing): Uint8Array {
  if (!isSendable(code)) return new Uint8Array();
  const text = new TextEncoder().encode(reason).subarray(0, MAX_REASON_BYTES);
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code & 0xff;
  payload.set(text, 2);
  return payload;
}

/** Closes `socket` as the other side did, as far as that can be said. */
export function closeWebSocket(socket: WebSocket, { code, reason }: Closing): void {
  try {
    if (isSendable(code)) socket.close(code, reason);
    else if (code === NO_CLOSE_FRAME) socket.close(BAD_GATEWAY);
    else socket.close();
  } catch {
    // It is closed already: the other side was first.
  }
}
