import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import type { UpstreamNode } from "../../shared/resources/upstream.ts";
import { startProxyWorker } from "../support/proxy-stand.ts";
import type { TestTarget } from "../support/proxy-worker.ts";
import { eventually } from "../support/stack.ts";
import { startWebSocketUpstream, type WebSocketUpstream } from "../support/websocket-upstream.ts";

/** What real clients of a real worker leave in hand at a least_conn upstream: nothing, however they go. */

let worker: RunningWorker;
const upstreams: (WebSocketUpstream | Server)[] = [];
const hung = new Set<Socket>();
/** By the ports of nodes that have a request which they do not answer: has them answer. */
const silent = new Map<number, () => void>();

beforeAll(async () => {
  worker = await startProxyWorker(undefined);
});
afterAll(async () => {
  for (const socket of hung) socket.destroy();
  for (const upstream of upstreams) "stop" in upstream ? upstream.stop() : upstream.close();
  await worker.stop();
});

/** Answers `/whole` with its own port, `/silent` not at all, and anything else without an end. */
async function anUpstream(): Promise<number> {
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (request.url === "/whole") {
      response.end(String(port));
      return;
    }
    hung.add(response.socket as Socket);
    if (request.url === "/silent") {
      silent.set(port, () => response.end("late"));
      return;
    }
    response.writeHead(200, request.url === "/sized" ? { "content-length": "1000000" } : {});
    // A worker hears that a client has gone when it next writes to it.
    const drip = setInterval(() => response.write("half"), 20);
    response.on("close", () => clearInterval(drip));
  });
  upstreams.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const HOSTS = { fetch: "localhost", socket: "127.0.0.1" } as const;
type Way = keyof typeof HOSTS;
let keys = 0;

/** The target of an upstream whose first node has a little more weight: idle, it is always the one. */
function aTarget(way: Way, ports: readonly number[]): string {
  const nodes = ports.map((port, i): UpstreamNode => {
    return { host: HOSTS[way], port, weight: i === 0 ? 3 : 2, priority: 0 };
  });
  const fields = { scheme: "http", pass_host: "node", hash_on: "vars" } as const;
  const upstream = { type: "least_conn", nodes, ...fields };
  const target: TestTarget = { upstream, key: `upstream ${++keys}`, enableWebsocket: true };
  return JSON.stringify(target);
}

async function served(target: string): Promise<number> {
  const answer = await fetch(`${worker.url}/whole`, { headers: { "x-test-target": target } });
  return Number(await answer.text());
}

/** A client that has the beginning of an answer and waits for more. */
async function waiting(target: string, path: string): Promise<Socket> {
  const { port } = new URL(worker.url);
  const client = connect(Number(port), "127.0.0.1");
  client.on("error", () => undefined);
  client.write(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nX-Test-Target: ${target}\r\n\r\n`);
  let text = "";
  for await (const [piece] of pieces(client)) {
    text += piece;
    if (text.includes("half")) break;
  }
  return client;
}

async function* pieces(client: Socket) {
  for (;;) yield (await once(client, "data")) as [Buffer];
}

describe.each(["fetch", "socket"] as const)(
  "a client that leaves, of a node reached by %s,",
  (way) => {
    it.each(["/sized", "/chunked"])("in the middle of %s, is no longer counted", async (path) => {
      const ports = [await anUpstream(), await anUpstream()];
      const target = aTarget(way, ports);
      expect(await served(target)).toBe(ports[0]);
      const client = await waiting(target, path);
      // 2/3 to 1/2: the second node has the better score now.
      expect(await served(target)).toBe(ports[1]);
      client.destroy();
      await eventually(async () => expect(await served(target)).toBe(ports[0]));
    });
  },
);

describe.each(["fetch", "socket"] as const)(
  "a client that leaves, of a node reached by %s,",
  (way) => {
    it("before it has any answer, is counted until there is one", async () => {
      const ports = [await anUpstream(), await anUpstream()];
      const [first = 0] = ports;
      const target = aTarget(way, ports);
      const { port } = new URL(worker.url);
      const client = connect(Number(port), "127.0.0.1");
      client.write(`GET /silent HTTP/1.1\r\nHost: a.test\r\nX-Test-Target: ${target}\r\n\r\n`);
      await eventually(() => expect(silent.has(first)).toBe(true));
      expect(await served(target)).toBe(ports[1]);
      client.destroy();
      silent.get(first)?.();
      await eventually(async () => expect(await served(target)).toBe(first));
    });
  },
);

describe.each(["fetch", "socket"] as const)("a WebSocket of a node reached by %s", (way) => {
  async function world() {
    const [one, two] = [await startWebSocketUpstream(), await startWebSocketUpstream()];
    upstreams.push(one, two);
    const target = aTarget(way, [one.port, two.port]);
    const open = async () => {
      const headers = { "x-test-target": target };
      const socket = new WebSocket(worker.url.replace("http", "ws"), { headers });
      socket.on("error", () => undefined);
      await once(socket, "open");
      return socket;
    };
    /** Whether a new one comes to the first node. */
    const isFirstFree = async () => {
      const before = one.closings.length;
      const probe = await open();
      probe.close(4001);
      await once(probe, "close");
      await eventually(() => expect(one.closings.length + two.closings.length).toBeGreaterThan(0));
      return one.closings.slice(before).some((closing) => closing.startsWith("4001"));
    };
    return { one, open, isFirstFree };
  }

  it("carries messages and the close of either side", async () => {
    const { one, open } = await world();
    const socket = await open();
    for (const sent of ["text", Buffer.from([0, 255])]) {
      const answer = once(socket, "message");
      socket.send(sent);
      const [data, isBinary] = (await answer) as [Buffer, boolean];
      expect(isBinary ? data : data.toString()).toEqual(sent);
    }
    socket.close(4009, "client's reason");
    await eventually(() => expect(one.closings).toEqual(["4009 client's reason"]));
    const other = await open();
    const closed = once(other, "close");
    other.send("close");
    const [code, reason] = (await closed) as [number, Buffer];
    expect(`${code} ${reason}`).toBe("4002 upstream's reason");
  });

  it.each<[string, (socket: WebSocket) => void]>([
    ["the client closes it", (socket) => socket.close(4005)],
    ["the client is cut off", (socket) => socket.terminate()],
    ["the upstream closes it", (socket) => socket.send("close")],
    ["the upstream cuts it off", (socket) => socket.send("cut")],
  ])("is counted until %s", async (_, leave) => {
    const { open, isFirstFree } = await world();
    const socket = await open();
    expect(await isFirstFree()).toBe(false);
    leave(socket);
    await eventually(async () => expect(await isFirstFree()).toBe(true));
  });
});
