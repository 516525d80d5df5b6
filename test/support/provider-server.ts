import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { aChat, chatEvents } from "./scripted-provider.ts";

interface AskedServer {
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether the gateway has gone before the answer was over. */
  isLeft: boolean;
}

/** A small provider of language models, over HTTP: it says "Hi you", at once or in events. */
export class ProviderServer {
  readonly asked: AskedServer[] = [];
  readonly #server: Server;
  /** Streams that have sent their first event, and wait. */
  readonly #held: (() => void)[] = [];

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets all streams go on to their end. */
  release(): void {
    for (const goOn of this.#held.splice(0)) goOn();
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url: target = "", headers } = request;
    const body = (await json(request)) as AskedServer["body"];
    const asked = { target, headers, body, isLeft: false };
    this.asked.push(asked);
    response.on("close", () => {
      asked.isLeft = !response.writableFinished;
    });
    response.setHeader("x-of-the-provider", "1");
    if (body.stream !== true) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(aChat("Hi you")));
      return;
    }
    const [first, ...others] = chatEvents("Hi", " you");
    response.setHeader("content-type", "text/event-stream");
    response.write(first);
    this.#held.push(() => response.end(others.join("")));
  }
}
