import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import type { TestProject } from "vitest/node";
import type { Seen, Step } from "./upstream-scripts.ts";

/**
 * TCP servers that do what a test inside workerd tells them, over HTTP: refuse, stall, drip, lie, reset.
 * `POST /open` with one script a connection (the last one repeats) → a port; `/seen`, `/go`, `/close`.
 */

declare module "vitest" {
  interface ProvidedContext {
    scriptedUpstreams: number;
  }
}

const MAX_TEXT_KEPT = 64 * 1024;

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const upstreams = new Map<number, ScriptedUpstream>();
  const control = createServer((request, response) => {
    answer(request, upstreams).then(
      (body) => response.end(JSON.stringify(body)),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  project.provide("scriptedUpstreams", await listen(control));
  return async () => {
    for (const upstream of upstreams.values()) upstream.close();
    control.closeAllConnections();
    control.close();
  };
}

async function answer(request: IncomingMessage, upstreams: Map<number, ScriptedUpstream>) {
  const url = new URL(request.url ?? "/", "http://control");
  if (url.pathname === "/open") {
    const scripts = JSON.parse(await textOf(request)) as Step[][];
    const upstream = new ScriptedUpstream(scripts);
    const port = await listen(upstream.server);
    upstreams.set(port, upstream);
    return { port };
  }
  const upstream = upstreams.get(Number(url.searchParams.get("port")));
  if (!upstream) throw new Error(`no upstream for ${url}`);
  if (url.pathname === "/go") upstream.go();
  if (url.pathname === "/close") upstream.close();
  return upstream.seen();
}

class ScriptedUpstream {
  readonly server: Server;
  readonly #scripts: readonly Step[][];
  readonly #connections: Connection[] = [];

  constructor(scripts: readonly Step[][]) {
    this.#scripts = scripts;
    this.server = createTcpServer({ allowHalfOpen: true }, (socket) => {
      const script = this.#scripts[this.#connections.length] ?? this.#scripts.at(-1) ?? [];
      const connection = new Connection(socket);
      this.#connections.push(connection);
      connection.run(script).catch(() => socket.destroy());
    });
  }

  go(): void {
    for (const connection of this.#connections) connection.go();
  }

  seen(): Seen[] {
    return this.#connections.map((connection) => connection.seen());
  }

  close(): void {
    this.server.close();
    for (const connection of this.#connections) connection.socket.destroy();
  }
}

class Connection {
  readonly socket: Socket;
  #text = "";
  #bytes = 0;
  #sentBytes = 0;
  #isEnded = false;
  #isGoing = false;
  #wake = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => this.#ended());
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#ended());
    socket.on("data", (piece: Buffer) => {
      this.#bytes += piece.length;
      if (this.#text.length < MAX_TEXT_KEPT) this.#text += piece.toString("latin1");
      this.#wake();
    });
  }

  go(): void {
    this.#isGoing = true;
    this.#wake();
  }

  seen(): Seen {
    const [text, bytes, sentBytes] = [this.#text, this.#bytes, this.#sentBytes];
    return { text, bytes, sentBytes, isEnded: this.#isEnded };
  }

  async run(script: readonly Step[]): Promise<void> {
    for (const step of script) await this.#do(step);
  }

  async #do(step: Step): Promise<void> {
    switch (step.is) {
      case "await":
        return this.#until(() => this.#text.includes(step.text));
      case "await-bytes":
        return this.#until(() => this.#bytes >= step.count);
      case "await-go":
        return this.#until(() => this.#isGoing);
      case "send":
        return this.#send(Buffer.from(step.text, "latin1"), step.times);
      case "stop-reading":
        this.socket.pause();
        return;
      case "pause":
        return new Promise((resolve) => setTimeout(resolve, step.ms));
      case "end":
        this.socket.end();
        return;
      case "reset":
        this.socket.resetAndDestroy();
    }
  }

  async #send(bytes: Buffer, times: number): Promise<void> {
    for (let i = 0; i < times && !this.socket.destroyed; i++) {
      if (!this.socket.write(bytes)) await once(this.socket, "drain");
      this.#sentBytes += bytes.length;
    }
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #ended(): void {
    this.#isEnded = true;
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
