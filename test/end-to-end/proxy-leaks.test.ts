import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Inspector, openInspector } from "../../bench/support/inspector.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import { canMeasure, usageOf, workerdPids } from "../support/process-usage.ts";
import { nodesHeader, PROXY_WORKER, startProxyWorker } from "../support/proxy-stand.ts";
import { sendRaw } from "../support/raw-http.ts";
import { listen, ScriptedUpstream } from "../support/scripted-upstream.ts";
import { answering, headOf, reset } from "../support/upstream-scripts.ts";

/**
 * Requests in a row, some of which fail and some of which their clients leave: nothing of them stays with
 * workerd. `npm run test:soak -- test/end-to-end/proxy-leaks.test.ts` sends 10,000 by each way.
 *
 * Locally V8 has no limit and collects late: a bare `fetch` grows by 12 KB a request, up to some 350 MB. So
 * memory is what is left after a collection.
 */

const REQUESTS = Number(process.env.LEAK_REQUESTS ?? 500);
const AT_ONCE = 8;
const MIB = 1024 * 1024;
let worker: RunningWorker;
let inspector: Inspector;
const closing: (() => void)[] = [];

beforeAll(async () => {
  const port = await freePort();
  worker = await startProxyWorker(undefined, port);
  inspector = await openInspector(port, PROXY_WORKER);
});
afterAll(async () => {
  inspector.close();
  for (const close of closing) close();
  await worker.stop();
});

interface Ports {
  readonly whole: number;
  readonly refusing: number;
  readonly resetting: number;
  readonly cutting: number;
  readonly silent: number;
}

async function openUpstreams(): Promise<Ports> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end("x".repeat(10_000)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scripts = [
    [],
    [headOf(), reset()],
    answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234"),
    [headOf()],
  ];
  const upstreams = scripts.map((script) => new ScriptedUpstream([script]));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
    for (const upstream of upstreams) upstream.close();
  });
  const ports = await Promise.all(upstreams.map(({ server }) => listen(server)));
  upstreams[0]?.close();
  const [refusing = 0, resetting = 0, cutting = 0, silent = 0] = ports;
  return { whole: (server.address() as AddressInfo).port, refusing, resetting, cutting, silent };
}

/** Leaves after a moment; resolves once its connection is gone. */
function leave(text: string): Promise<void> {
  const { hostname, port } = new URL(worker.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(text);
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
  });
}

/** One request in ten of each kind that fails; its status, 0 where none came. */
async function sendOne(host: string, ports: Ports, i: number): Promise<number> {
  const { whole, refusing, resetting, cutting, silent } = ports;
  const kinds = [[refusing, whole], [refusing], [resetting], [cutting], [silent], [whole], [whole]];
  const nodes = kinds[i % 10] ?? [whole];
  const timeout = { connect: 5, send: 5, read: 5 };
  const target = nodesHeader({ host, ports: nodes, timeout });
  const start = `HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n${target}`;
  if (nodes[0] === silent) {
    await leave(`GET / ${start}\r\n`);
    return 0;
  }
  const upload = "u".repeat(i % 2 === 0 ? 1000 : 100_000);
  const text =
    i % 10 === 9
      ? `PUT / ${start}Content-Length: ${upload.length}\r\n\r\n${upload}`
      : `GET / ${start}\r\n`;
  const { head } = await sendRaw(worker.url, text);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0);
}

async function sendAll(host: string, ports: Ports, count: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let next = 0;
  const client = async () => {
    for (let i = next++; i < count; i = next++) {
      const status = await sendOne(host, ports, i);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return statuses;
}

/** Bytes of the isolate that are no garbage. */
async function liveBytes(): Promise<number> {
  await inspector.collectGarbage();
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await inspector.heap();
  return usedSize + embedderHeapUsedSize + backingStorageSize;
}

describe.skipIf(!canMeasure)(`${REQUESTS} requests in a row`, () => {
  it.each([
    ["fetch", "localhost"],
    ["socket", "127.0.0.1"],
  ])("by %s leave no socket and no memory behind", async (_, host) => {
    const ports = await openUpstreams();
    const [pid = 0] = workerdPids();
    // What a first request sets up stays: the worker itself, its code, its heap.
    await sendAll(host, ports, 500);
    const socketsBefore = usageOf(pid).sockets;
    const bytesBefore = await liveBytes();
    const statuses = await sendAll(host, ports, REQUESTS);
    expect(Object.fromEntries(statuses)).toEqual({
      0: REQUESTS / 10,
      200: (REQUESTS / 10) * 7,
      502: (REQUESTS / 10) * 2,
    });
    // Connections that fetch keeps for the next request are let go after a while.
    await expect
      .poll(() => usageOf(pid).sockets, { timeout: 30_000, interval: 100 })
      .toBeLessThanOrEqual(socketsBefore + AT_ONCE);
    expect((await liveBytes()) - bytesBefore).toBeLessThan(MIB);
  });
});
