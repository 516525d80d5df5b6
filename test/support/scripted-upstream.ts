import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Seen, Step } from "./upstream-scripts.ts";

const MAX_TEXT_KEPT = 64 * 1024;

/** A TCP server that does what its scripts say: one script a connection, the last one repeats. */
export class ScriptedUpstream {
  readonly server: Server;
  readonly #scripts: readonly Step[][];
  readonly #connections: Connection[] = [];

  constructor(scripts: readonly Step[][]) {
    this.#scripts = scripts;
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      const script = this.#scripts[this.#connections.length] ?? this.#scripts.at(-1) ?? [];
      const connection = new Connection(socket);
      this.#connections.push(connection);
      connection.run(script).catch(() => socket.destroy());
    });
  }

  go(): void {
    for (const connection of this.#connections) connection.go();
  }

  /** Reads on where a script has stopped, since the end of a connection is read after what lies before it. */
  resume(): void {
    for (const { socket } of this.#connections) socket.resume();
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

/** Listens on a free port of 127.0.0.1. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
