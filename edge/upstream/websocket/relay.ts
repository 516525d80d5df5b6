import { type Closing, closeWebSocket } from "./close-code.ts";

/**
 * Puts a pair between an upstream's WebSocket and the client's, so that its end is heard of: one that is
 * passed on as it is ends unnoticed. Returns the socket for the 101 to the client; `ended` is called once
 * either side has closed, and may be called again.
 */
export function relayWebSocket(upstream: WebSocket, ended: () => void): WebSocket {
  const pair = new WebSocketPair();
  const [client, server] = [pair[0], pair[1]];
  for (const socket of [upstream, server]) {
    // By default the platform gives a Blob, which is read later, and so out of order.
    socket.binaryType = "arraybuffer";
    socket.accept();
  }
  passMessages(upstream, server, ended);
  passMessages(server, upstream, ended);
  return client;
}

const GONE: Closing = { code: 1006, reason: "" };

function passMessages(from: WebSocket, to: WebSocket, ended: () => void): void {
  const end = (closing: Closing) => {
    closeWebSocket(to, closing);
    ended();
  };
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      // The other side has closed; its own event tells so.
    }
  });
  from.addEventListener("close", ({ code, reason }) => end({ code, reason }));
  from.addEventListener("error", () => end(GONE));
}
