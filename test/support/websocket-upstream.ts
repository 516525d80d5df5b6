import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

/** A WebSocket server that echoes, and does what some texts tell it. */
export interface WebSocketUpstream {
  readonly port: number;
  /** Code and reason of each connection that has ended, as the server saw it. */
  readonly closings: readonly string[];
  stop(): void;
}

export async function startWebSocketUpstream(): Promise<WebSocketUpstream> {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  const closings: string[] = [];
  server.on("connection", (socket, request) => {
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => closings.push(`${code} ${reason}`));
    socket.on("pong", (payload) => socket.send(`pong: ${payload}`));
    socket.on("message", (message, isBinary) => {
      if (isBinary) socket.send(message, { binary: true });
      else obey(socket, message, JSON.stringify(request.headers));
    });
  });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    closings,
    stop: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function obey(socket: WebSocket, message: RawData, headers: string): void {
  const text = String(message);
  const [, code] = /^close (\d+)$/.exec(text) ?? [];
  if (code !== undefined) socket.close(Number(code));
  else if (text === "close") socket.close(4002, "upstream's reason");
  else if (text === "close without a code") socket.close();
  else if (text === "cut") socket.terminate();
  else if (text === "ping") socket.ping("are you there");
  else if (text === "headers") socket.send(headers);
  else if (text === "fragments") sendFragments(socket);
  else socket.send(text);
}

function sendFragments(socket: WebSocket): void {
  socket.send("one ", { fin: false });
  socket.send("two ", { fin: false });
  socket.send("three", { fin: true });
}
