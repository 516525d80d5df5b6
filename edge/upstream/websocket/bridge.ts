import type { ByteSource } from "../byte-source.ts";
import type { Connection } from "../http1/exchange.ts";
import {
  type Closing,
  closePayload,
  closeWebSocket,
  closingOf,
  NO_CLOSE_FRAME,
} from "./close-code.ts";
import { encodeFrame, FrameError, FrameReader, MAX_PAYLOAD_BYTES, type Opcode } from "./frames.ts";
import { MessageJoiner } from "./message-joiner.ts";

type Send = (opcode: Opcode, payload: Uint8Array) => void;

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
  const close = () => {
    void source.cancel();
    void connection.close().catch(() => undefined);
  };
  let queuedBytes = 0;
  const send: Send = (opcode, payload) => {
    queuedBytes += payload.length;
    // The platform reads the client's messages whether or not the upstream takes them.
    if (queuedBytes > MAX_PAYLOAD_BYTES) close();
    const written = writer.write(encodeFrame(opcode, payload, randomBytes(4)));
    const done = () => {
      queuedBytes -= payload.length;
    };
    // A failed write shows as the end of the reading side, which ends the bridge.
    written.then(done, done);
  };
  passClientMessages(server, send, () => source.startClock(), close);
  void passUpstreamMessages(source, server, send)
    .catch((error: unknown): Closing => {
      if (error instanceof FrameError)
        send("close", closePayload({ code: error.code, reason: "" }));
      return { code: NO_CLOSE_FRAME, reason: "" };
    })
    .then((closing) => {
      closeWebSocket(server, closing);
      close();
    });
  return client;
}

/** `onMessage` hears of each, for nginx's read time-out too counts what passes in either direction. */
function passClientMessages(
  server: WebSocket,
  send: Send,
  onMessage: () => void,
  disconnect: () => void,
): void {
  // By default the platform gives a Blob, which is read later, and so out of order.
  server.binaryType = "arraybuffer";
  server.accept();
  server.addEventListener("message", ({ data }) => {
    onMessage();
    if (typeof data === "string") send("text", new TextEncoder().encode(data));
    else if (data instanceof ArrayBuffer) send("binary", new Uint8Array(data));
  });
  server.addEventListener("close", ({ code, reason }) => {
    if (code === NO_CLOSE_FRAME) disconnect();
    else send("close", closePayload({ code, reason }));
  });
  server.addEventListener("error", disconnect);
}

/** Passes on until the upstream closes; returns how it did. Throws `FrameError`, `UpstreamFailure`. */
async function passUpstreamMessages(
  source: ByteSource,
  server: WebSocket,
  send: Send,
): Promise<Closing> {
  const frames = new FrameReader();
  const messages = new MessageJoiner();
  for (let piece = await source.next(); piece; piece = await source.next()) {
    for (const frame of frames.read(piece)) {
      if (frame.opcode === "close") {
        send("close", frame.payload);
        return closingOf(frame.payload);
      }
      if (frame.opcode === "ping") send("pong", frame.payload);
      if (frame.opcode === "ping" || frame.opcode === "pong") continue;
      const message = messages.add(frame);
      if (message !== undefined) server.send(message);
    }
  }
  return { code: NO_CLOSE_FRAME, reason: "" };
}
