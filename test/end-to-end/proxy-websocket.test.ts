import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { freePort } from "../../examples/quick-start/ports.ts";
import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import { startProxyWorker, testTarget } from "../support/proxy-stand.ts";
import { startWebSocketUpstream, type WebSocketUpstream } from "../support/websocket-upstream.ts";

let worker: RunningWorker;
let upstream: WebSocketUpstream;
const closing: (() => void)[] = [];

beforeAll(async () => {
  worker = await startProxyWorker(undefined);
  upstream = await startWebSocketUpstream();
});
afterAll(async () => {
  for (const close of closing) close();
  upstream.stop();
  await worker.stop();
});

const HOSTS = { fetch: "localhost", socket: "127.0.0.1" } as const;
type Way = keyof typeof HOSTS;

interface Options {
  readonly port?: number;
  readonly protocols?: string[];
  readonly read?: number;
}

function open(way: Way, { port = upstream.port, protocols = [], read = 60 }: Options = {}) {
  const target = testTarget(
    { host: HOSTS[way], port },
    { enableWebsocket: true, timeout: { connect: 5, send: 5, read } },
  );
  const headers = { "x-test-target": JSON.stringify(target) };
  const socket = new WebSocket(worker.url.replace("http", "ws"), protocols, { headers });
  socket.on("error", () => undefined);
  closing.push(() => socket.terminate());
  return socket;
}

async function opened(way: Way, options?: Options): Promise<WebSocket> {
  const socket = open(way, options);
  await once(socket, "open");
  return socket;
}

/** Sends one message; the next that comes back. */
async function asked(socket: WebSocket, message: string | Uint8Array): Promise<string | Buffer> {
  const answer = once(socket, "message");
  socket.send(message);
  const [data, isBinary] = (await answer) as [Buffer, boolean];
  return isBinary ? data : data.toString();
}

async function closed(socket: WebSocket): Promise<string> {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return `${code} ${reason}`;
}

describe.each(["fetch", "socket"] as const)("a WebSocket, by %s,", (way) => {
  it("echoes text, UTF-8 and empty messages", async () => {
    const socket = await opened(way);
    for (const text of ["hello", "", "é 漢字 🎈", "x".repeat(125), "y".repeat(126)]) {
      expect(await asked(socket, text)).toBe(text);
    }
  });

  it.each([1, 125, 126, 65_535, 65_536, 900_000, 8_000_000])("echoes %i bytes", async (count) => {
    const socket = await opened(way);
    const bytes = Buffer.alloc(count, "0123456789");
    const answer = await asked(socket, bytes);
    expect(bytes.equals(answer as Buffer)).toBe(true);
  });

  it("keeps the order of many messages", async () => {
    const socket = await opened(way);
    const received: string[] = [];
    const all = new Promise<void>((resolve) => {
      socket.on("message", (data) => {
        received.push(String(data));
        if (received.length === 500) resolve();
      });
    });
    const sent = Array.from({ length: 500 }, (_, i) => `message ${i}`);
    for (const text of sent) socket.send(text);
    await all;
    expect(received).toEqual(sent);
  });

  it("keeps code and reason when the client closes", async () => {
    const socket = await opened(way);
    const seen = upstream.closings.length;
    socket.close(4001, "client's reason");
    expect(await closed(socket)).toBe("4001 client's reason");
    await expect.poll(() => upstream.closings.slice(seen)).toEqual(["4001 client's reason"]);
  });

  it("keeps code and reason when the upstream closes", async () => {
    const socket = await opened(way);
    const end = closed(socket);
    socket.send("close");
    expect(await end).toBe("4002 upstream's reason");
  });

  it.each([1000, 1001, 1011, 3000, 4999])("keeps code %i, whoever closes", async (code) => {
    const closing = await opened(way);
    const seen = upstream.closings.length;
    closing.close(code, "x".repeat(123));
    expect(await closed(closing)).toBe(`${code} ${"x".repeat(123)}`);
    await expect.poll(() => upstream.closings.slice(seen)).toEqual([`${code} ${"x".repeat(123)}`]);
    const closedByUpstream = await opened(way);
    const end = closed(closedByUpstream);
    closedByUpstream.send(`close ${code}`);
    expect(await end).toBe(`${code} `);
  });

  it("answers the client's pings", async () => {
    const socket = await opened(way);
    const pong = once(socket, "pong");
    socket.ping("are you there");
    expect(String((await pong)[0])).toBe("are you there");
    expect(await asked(socket, "and the messages go on")).toBe("and the messages go on");
  });

  it("passes on what the upstream says in one packet with its handshake", async () => {
    const port = await acceptingServer(() => undefined, { first: [0x81, 0x02, 0x68, 0x69] });
    const socket = open(way, { port });
    const [message] = await once(socket, "message");
    expect(String(message)).toBe("hi");
  });

  it("keeps that there was no code", async () => {
    const socket = await opened(way);
    const end = closed(socket);
    socket.send("close without a code");
    expect(await end).toBe("1005 ");
  });

  it("ends at the upstream when the client is gone without a word", async () => {
    const socket = await opened(way);
    await asked(socket, "hello");
    const seen = upstream.closings.length;
    socket.terminate();
    await expect.poll(() => upstream.closings.length).toBe(seen + 1);
    expect(upstream.closings.at(-1)).toBe("1006 ");
  });

  it("joins the upstream's fragments", async () => {
    const socket = await opened(way);
    expect(await asked(socket, "fragments")).toBe("one two three");
  });

  it("answers the upstream's pings", async () => {
    const socket = await opened(way);
    expect(await asked(socket, "ping")).toBe("pong: are you there");
  });

  it("agrees on the upstream's subprotocol", async () => {
    const socket = await opened(way, { protocols: ["chat", "superchat"] });
    expect(socket.protocol).toBe("chat");
  });

  it("goes on to the next node where one refuses", async () => {
    const dead = await freePort();
    const target = testTarget({ host: HOSTS[way], port: dead }, { enableWebsocket: true });
    const next = { host: HOSTS[way], port: upstream.port, weight: 1, priority: 0 };
    const nodes = [...target.upstream.nodes, next];
    const both = { ...target, upstream: { ...target.upstream, nodes } };
    const headers = { "x-test-target": JSON.stringify(both) };
    const socket = new WebSocket(worker.url.replace("http", "ws"), { headers });
    closing.push(() => socket.terminate());
    await once(socket, "open");
    expect(await asked(socket, "hello")).toBe("hello");
  });

  it("tells the upstream who the client is", async () => {
    const socket = await opened(way);
    const headers = JSON.parse(String(await asked(socket, "headers")));
    expect(headers.host).toBe(`${HOSTS[way]}:${upstream.port}`);
    expect(headers["x-forwarded-host"]).toBe(new URL(worker.url).host);
  });
});

describe("a WebSocket by fetch", () => {
  it("is cut when the upstream cuts", async () => {
    const socket = await opened("fetch");
    const end = closed(socket);
    socket.send("cut");
    expect(await end).toBe("1006 ");
  });
});

describe("a WebSocket over a socket", () => {
  it("ends as a bad gateway when the upstream cuts, for 1006 cannot be sent", async () => {
    const socket = await opened("socket");
    const end = closed(socket);
    socket.send("cut");
    expect(await end).toBe("1014 ");
  });

  it.each([
    ["in the middle of a frame", [0x82, 0x7e, 0x01, 0x00, 0x61]],
    ["in the middle of a message", [0x01, 0x01, 0x61]],
  ])("ends as a bad gateway when the upstream ends %s", async (_, bytes) => {
    const port = await acceptingServer((connection) => connection.end(Buffer.from(bytes)));
    expect(await closed(await opened("socket", { port }))).toBe("1014 ");
  });

  it("lives on while either side speaks, and ends after the read time-out of silence", async () => {
    const silent = await acceptingServer(() => undefined);
    const socket = await opened("socket", { port: silent, read: 0.6 });
    const startedAt = Date.now();
    const speaking = setInterval(() => socket.send("still here"), 200);
    setTimeout(() => clearInterval(speaking), 1200);
    expect(await closed(socket)).toBe("1014 ");
    expect(Date.now() - startedAt).toBeGreaterThan(1400);
  });

  it.each([
    ["a masked frame", [0x81, 0x81, 1, 2, 3, 4, 5]],
    ["a reserved bit", [0xc1, 0x01, 0x61]],
    ["an unknown opcode", [0x83, 0x00]],
    ["a long ping", [0x89, 0x7e, 0x00, 0x7e]],
    ["a continuation of nothing", [0x80, 0x01, 0x61]],
    ["text that is no UTF-8", [0x81, 0x01, 0xff]],
    ["a frame of 2^40 bytes", [0x82, 0x7f, 0, 0, 1, 0, 0, 0, 0, 0]],
  ])("ends where the upstream sends %s, and tells it why", async (_, bytes) => {
    let told = Buffer.alloc(0);
    const port = await acceptingServer((connection) => {
      connection.write(Buffer.from(bytes));
      connection.on("data", (piece: Buffer) => {
        told = Buffer.concat([told, piece]);
      });
    });
    const socket = await opened("socket", { port });
    expect(await closed(socket)).toBe("1014 ");
    await expect.poll(() => told.length).toBeGreaterThanOrEqual(8);
    expect(told[0]).toBe(0x88);
  });

  it.each([
    ["a wrong key", () => ({ accept: "AAAA" })],
    ["an extension that nobody offered", () => ({ more: "Sec-WebSocket-Extensions: x\r\n" })],
  ])("is refused with 502 where the upstream's handshake has %s", async (_, fault) => {
    const port = await acceptingServer(() => undefined, fault());
    const [, response] = await once(open("socket", { port }), "unexpected-response");
    expect(response.statusCode).toBe(502);
  });
});

describe("an upgrade that is not allowed", () => {
  it.each(["fetch", "socket"] as const)(
    "reaches the upstream as a plain request (%s)",
    async (way) => {
      const target = testTarget({ host: HOSTS[way], port: upstream.port });
      const headers = { "x-test-target": JSON.stringify(target) };
      const socket = new WebSocket(worker.url.replace("http", "ws"), { headers });
      socket.on("error", () => undefined);
      const [, response] = await once(socket, "unexpected-response");
      // What a WebSocket server says to a request without an upgrade.
      expect(response.statusCode).toBe(426);
    },
  );
});

/** Accepts WebSockets, with a fault where one is given, and leaves the rest to `then`. */
async function acceptingServer(
  then: (connection: Socket) => void,
  fault: { accept?: string; more?: string; first?: number[] } = {},
): Promise<number> {
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.once("data", (head: Buffer) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(head.toString())?.[1] ?? "";
      const accept = createHash("sha1")
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      const answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${fault.accept ?? accept}\r\n${fault.more ?? ""}\r\n`;
      connection.write(Buffer.concat([Buffer.from(answer), Buffer.from(fault.first ?? [])]));
      then(connection);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}
