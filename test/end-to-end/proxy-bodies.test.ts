import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import { canMeasure, usageOf, workerdPids } from "../support/process-usage.ts";
import { nodesHeader, startProxyWorker } from "../support/proxy-stand.ts";
import { sendRaw } from "../support/raw-http.ts";
import { listen, ScriptedUpstream } from "../support/scripted-upstream.ts";
import { answering, end, type Step, send, until } from "../support/upstream-scripts.ts";

/** Bodies and headers at their edges, through workerd: what is on the wire on either side. */

let worker: RunningWorker;
const closing: (() => void)[] = [];
const MIB = 1024 * 1024;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

beforeAll(async () => {
  worker = await startProxyWorker(undefined);
});
afterAll(async () => {
  for (const close of closing) close();
  await worker.stop();
});

async function scripted(script: Step[]) {
  const upstream = new ScriptedUpstream([script]);
  closing.push(() => upstream.close());
  return { port: await listen(upstream.server), received: () => upstream.seen()[0]?.text ?? "" };
}

async function serving(listener: RequestListener): Promise<number> {
  const server = createServer({ maxHeaderSize: MIB }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function opened(): Socket {
  const { hostname, port } = new URL(worker.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  closing.push(() => socket.destroy());
  return socket;
}

describe.each([
  ["fetch", "localhost"],
  ["socket", "127.0.0.1"],
] as const)("through a node reached by %s,", (_way, host) => {
  const start = (line: string, port: number) =>
    `${line} HTTP/1.1\r\nHost: client.test\r\n${nodesHeader({ host, ports: [port] })}`;

  it.each([
    ["of a known length", "Content-Length: 5\r\n", "hello"],
    ["in chunks", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"],
  ])("a body %s that waits for 100 Continue is asked for, and comes", async (_, framing, body) => {
    const { port, received } = await scripted([until("hello"), send(OK), end()]);
    const socket = opened();
    let answer = "";
    socket.on("data", (piece) => {
      answer += piece;
    });
    socket.write(`${start("POST /", port)}Expect: 100-continue\r\n${framing}\r\n`);
    await expect.poll(() => answer).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    socket.write(body);
    await expect.poll(() => answer).toMatch(/\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
    expect(received()).not.toMatch(/expect/i);
  });

  it("trailers of a request are left out, and so are its chunks' extensions", async () => {
    const { port, received } = await scripted([until("0\r\n\r\n"), send(OK), end()]);
    const body = "5;a=b\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n";
    const head = `${start("POST /", port)}Trailer: X-Trailer\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect((await sendRaw(worker.url, head + body)).body.toString()).toBe("ok");
    expect(received()).toMatch(/\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/);
    expect(received()).not.toMatch(/trailer/i);
  });

  it("trailers of an answer are left out", async () => {
    const answer = "HTTP/1.1 200 OK\r\nTrailer: X-Trailer\r\nTransfer-Encoding: chunked\r\n\r\n";
    const chunks = "2;a=b\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n";
    const { port } = await scripted(answering(answer + chunks));
    const { head, body } = await sendRaw(worker.url, `${start("GET /", port)}\r\n`);
    expect(body.toString()).toBe("2\r\nok\r\n0\r\n\r\n");
    expect(head).not.toMatch(/trailer/i);
  });

  it("a header of 100 KB passes in either direction", async () => {
    const long = `X-Long: ${"a".repeat(100_000)}`;
    const received: number[] = [];
    const port = await serving((request, response) => {
      received.push(String(request.headers["x-long"]).length);
      response.setHeader("x-long", "b".repeat(100_000)).end("ok");
    });
    const { head } = await sendRaw(worker.url, `${start("GET /", port)}${long}\r\n\r\n`);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(/\r\nx-long: (b*)/i.exec(head)?.[1]).toHaveLength(100_000);
    expect(received).toEqual([100_000]);
  });

  it("200 headers pass in either direction", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `x-${i}`);
    const lines = names.map((name) => `${name}: 1\r\n`).join("");
    const { port, received } = await scripted(
      answering(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 2\r\n\r\nok`),
    );
    const { head } = await sendRaw(worker.url, `${start("GET /", port)}${lines}\r\n`);
    for (const name of names) {
      expect(head.toLowerCase()).toContain(`\r\n${name}: 1`);
      expect(received().toLowerCase()).toContain(`\r\n${name}: 1`);
    }
  });

  const BYTES = 300 * MIB;

  it.skipIf(!canMeasure)("300 MiB reach the client in a fraction of that memory", async () => {
    const piece = Buffer.alloc(MIB, "x");
    const port = await serving(async (_, response) => {
      response.writeHead(200, { "content-length": BYTES });
      for (let i = 0; i < 300; i++) {
        if (!response.write(piece)) await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
    });
    const socket = opened();
    socket.write(`${start("GET /", port)}\r\n`);
    let received = 0;
    const used = await growthDuring(async () => {
      for await (const part of socket) {
        received += part.length;
        if (received >= BYTES) break;
      }
    });
    expect(received).toBeGreaterThanOrEqual(BYTES);
    expect(used).toBeLessThan(100 * MIB);
  });

  it.skipIf(!canMeasure)("300 MiB reach the node in a fraction of that memory", async () => {
    let received = 0;
    const port = await serving(async (request, response) => {
      for await (const part of request) received += part.length;
      response.end(`took ${received}`);
    });
    const socket = opened();
    const answer = new Promise<string>((resolve) => {
      socket.once("data", (part) => resolve(String(part)));
    });
    const piece = Buffer.alloc(MIB, "x");
    const used = await growthDuring(async () => {
      socket.write(`${start("PUT /", port)}Content-Length: ${BYTES}\r\n\r\n`);
      for (let i = 0; i < 300; i++) {
        if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve));
      }
      expect(await answer).toContain("HTTP/1.1 200 OK");
    });
    expect(received).toBe(BYTES);
    expect(used).toBeLessThan(100 * MIB);
  });
});

/** By how much workerd's memory has grown at most while `work` ran. Bytes. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const [pid = 0] = workerdPids();
  const before = usageOf(pid).rssBytes;
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, usageOf(pid).rssBytes);
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(sampling);
  }
  return most - before;
}
