import type { ByteSource } from "../http1/byte-source.ts";
import type { Connection } from "../http1/exchange.ts";
import {
  encodeFrame,
  type Frame,
  FrameError,
  FrameReader,
  MAX_PAYLOAD_BYTES,
  type Opcode,
} from "./frames.ts";

/** Close codes that may stand in a frame; the others only say how a connection ended. */
const SENDABLE = (code: number) =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
  (code >= 3000 && code <= 4999);

/**
 * Joins the client's WebSocket with the upstream's connection: frames on the one side, messages on the
 * other; close codes and reasons are kept both ways. Returns the socket for the 101 to the client.
 */
export function bridgeWebSocket(
  source: ByteSource,
  connection: Connection,
  randomBytes: (count: number) => Uint8Array,
): WebSocket {
  const pair = new WebSocketPair();
  const [client, server] = [pair[0], pair[1]];
  const writer = connection.writable.getWriter();
  const send = (opcode: Opcode, payload: Uint8Array) =>
    // A failed write shows as the end of the reading side, which ends the bridge.
    void writer.write(encodeFrame(opcode, payload, randomBytes(4))).catch(() => undefined);
  const end = async (code: number, reason: string) => {
    closeQuietly(server, code, reason);
    await source.cancel();
    await connection.close().catch(() => undefined);
  };
  server.accept();
  server.addEventListener("message", ({ data }) => {
    if (typeof data === "string") send("text", new TextEncoder().encode(data));
    else send("binary", new Uint8Array(data));
  });
  server.addEventListener("close", ({ code, reason }) => {
    send("close", closePayload(code, reason));
  });
  void toClient(source, server, send).then(
    ({ code, reason }) => end(code, reason),
    (error: unknown) => end(error instanceof FrameError ? error.code : 1006, ""),
  );
  return client;
}

/** Passes on until the upstream closes; returns how it did. */
async function toClient(
  source: ByteSource,
  server: WebSocket,
  send: (opcode: Opcode, payload: Uint8Array) => void,
): Promise<{ readonly code: number; readonly reason: string }> {
  const reader = new FrameReader();
  let message: { opcode: Opcode; parts: Uint8Array[]; bytes: number } | undefined;
  for (;;) {
    const piece = await source.next();
    if (!piece) return { code: 1006, reason: "" };
    for (const frame of reader.read(piece)) {
      if (frame.opcode === "ping") send("pong", frame.payload);
      if (frame.opcode === "close") {
        send("close", frame.payload);
        return closeOf(frame.payload);
      }
      if (frame.opcode === "ping" || frame.opcode === "pong") continue;
      message = joined(message, frame);
      if (!frame.final) continue;
      deliver(server, message);
      message = undefined;
    }
  }
}

type Message = { opcode: Opcode; parts: Uint8Array[]; bytes: number };

function joined(message: Message | undefined, frame: Frame): Message {
  if ((message === undefined) === (frame.opcode === "continuation")) {
    throw new FrameError(1002, "a fragment out of order");
  }
  const whole = message ?? { opcode: frame.opcode, parts: [], bytes: 0 };
  whole.parts.push(frame.payload);
  whole.bytes += frame.payload.length;
  if (whole.bytes > MAX_PAYLOAD_BYTES) throw new FrameError(1009, "a message too large");
  return whole;
}

function deliver(server: WebSocket, { opcode, parts, bytes }: Message): void {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  if (opcode === "binary") {
    server.send(whole);
    return;
  }
  try {
    server.send(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole));
  } catch (cause) {
    if (cause instanceof TypeError) throw new FrameError(1007, "text that is not UTF-8");
    throw cause;
  }
}

function closeOf(payload: Uint8Array): { readonly code: number; readonly reason: string } {
  if (payload.length < 2) return { code: 1005, reason: "" };
  const code = ((payload[0] as number) << 8) | (payload[1] as number);
  return { code, reason: new TextDecoder().decode(payload.subarray(2)) };
}

function closePayload(code: number, reason: string): Uint8Array {
  if (!SENDABLE(code)) return new Uint8Array();
  const text = new TextEncoder().encode(reason).subarray(0, 123);
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code & 0xff;
  payload.set(text, 2);
  return payload;
}

function closeQuietly(socket: WebSocket, code: number, reason: string): void {
  try {
    if (SENDABLE(code)) socket.close(code, reason);
    else socket.close();
  } catch {
    // It is closed already: the client was first.
  }
}
