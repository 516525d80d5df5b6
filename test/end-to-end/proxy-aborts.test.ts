import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import { nodesHeader, startProxyWorker } from "../support/proxy-stand.ts";
import { listen, ScriptedUpstream } from "../support/scripted-upstream.ts";
import { headOf, pause, type Step, send, stopReading } from "../support/upstream-scripts.ts";

/** A client that goes away: the upstream's connection goes with it, and no other node is asked. */

let worker: RunningWorker;
const upstreams: ScriptedUpstream[] = [];
const MIB = 1024 * 1024;

beforeAll(async () => {
  worker = await startProxyWorker(undefined);
});
afterAll(async () => {
  for (const upstream of upstreams) upstream.close();
  await worker.stop();
});

async function scripted(script: Step[]) {
  const upstream = new ScriptedUpstream([script]);
  upstreams.push(upstream);
  return { upstream, port: await listen(upstream.server) };
}

/** A client on a connection of its own, which has sent `text`. */
function client(text: string): Socket {
  const { hostname, port } = new URL(worker.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(Buffer.from(text, "latin1"));
  return socket;
}

describe.each([
  ["fetch", "localhost"],
  ["socket", "127.0.0.1"],
] as const)("a client that goes away, node reached by %s,", (_way, host) => {
  const started = async (script: Step[], head: string) => {
    const first = await scripted(script);
    const next = await scripted([headOf()]);
    const timeout = { connect: 20, send: 20, read: 20 };
    const target = nodesHeader({ host, ports: [first.port, next.port], timeout });
    const socket = client(`${head} HTTP/1.1\r\nHost: client.test\r\n${target}`);
    return { socket, first: first.upstream, next: next.upstream };
  };
  const seen = (upstream: ScriptedUpstream) => upstream.seen()[0];
  const ends = async ({ first, next }: Awaited<ReturnType<typeof started>>) => {
    await expect.poll(() => seen(first)?.isEnded, { timeout: 5000 }).toBe(true);
    expect(first.seen()).toHaveLength(1);
    expect(next.seen()).toEqual([]);
  };

  it("leaves while it waits for the head", async () => {
    const run = await started([headOf()], "GET /");
    run.socket.write("\r\n");
    await expect.poll(() => seen(run.first)?.text).toContain("\r\n\r\n");
    run.socket.resetAndDestroy();
    await ends(run);
  });

  // A client that ends its sending may still be reading; workerd takes every end for such a one.
  it("ends its sending only gets its answer all the same", async () => {
    const run = await started(
      [headOf(), pause(200), send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")],
      "GET /",
    );
    run.socket.end("\r\n");
    let answer = "";
    for await (const piece of run.socket) answer += piece;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  });

  it("leaves in the middle of the body", async () => {
    const sending = send("x".repeat(MIB), 200);
    const head = send(`HTTP/1.1 200 OK\r\nContent-Length: ${200 * MIB}\r\n\r\n`);
    const run = await started([headOf(), head, sending], "GET /");
    run.socket.write("\r\n");
    await new Promise((resolve) => run.socket.once("data", resolve));
    run.socket.destroy();
    await ends(run);
    expect(seen(run.first)?.sentBytes).toBeLessThan(100 * MIB);
  });

  it("leaves while the body is silent", async () => {
    const head = send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
    const run = await started([headOf(), head], "GET /");
    run.socket.write("\r\n");
    await new Promise((resolve) => run.socket.once("data", resolve));
    run.socket.resetAndDestroy();
    await ends(run);
  });

  it("leaves in the middle of its upload", async () => {
    const run = await started([headOf()], "PUT /");
    run.socket.write(`Content-Length: ${10 * MIB}\r\n\r\n`);
    run.socket.write(Buffer.alloc(MIB));
    await expect.poll(() => seen(run.first)?.bytes).toBeGreaterThan(MIB);
    run.socket.destroy();
    await ends(run);
  });

  it("leaves while the upstream takes none of its upload", async () => {
    const run = await started([stopReading()], "PUT /");
    run.socket.write(`Content-Length: ${100 * MIB}\r\n\r\n`);
    run.socket.write(Buffer.alloc(20 * MIB));
    await expect.poll(() => run.first.seen().length).toBe(1);
    run.socket.destroy();
    await expect
      .poll(() => run.first.resume() ?? seen(run.first)?.isEnded, { timeout: 5000 })
      .toBe(true);
    expect(run.next.seen()).toEqual([]);
  });
});
