import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import {
  type AddressInfo,
  createServer,
  type LookupFunction,
  type Server,
  type Socket,
} from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../../examples/quick-start/ports.ts";
import { systemClock } from "../../../exporter/clock.ts";
import { createSocketProber } from "../../../exporter/health/socket-prober.ts";
import type { Probe } from "../../../shared/health/active-check.ts";
import { createAuthority } from "../../support/certificates.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

/** Hears every connection, so that a test can wait for its end. */
async function listening<S extends Server>(server: S): Promise<number> {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A server that says `text` to each request, then leaves the connection as it is. */
function saying(text: string) {
  const seen: string[] = [];
  const server = createServer((socket) => {
    socket.on("data", (piece) => {
      seen.push(piece.toString("utf8"));
      if (text !== "") socket.write(text);
    });
  });
  return { seen, port: listening(server) };
}

const probe = (port: number, more: Partial<Probe> = {}): Probe => ({
  type: "http",
  host: "127.0.0.1",
  port,
  hostHeader: "a.com",
  method: "GET",
  path: "/",
  headers: [],
  body: "",
  verifyCertificate: true,
  // Only those that must pass wait for it.
  timeoutMs: 10_000,
  ...more,
});

const never = new AbortController().signal;
const prober = createSocketProber({ clock: systemClock });
const run = (wanted: Probe) => prober(wanted, never);

type Done = Parameters<LookupFunction>[2];

const resolving = (answer: (done: Done) => void) =>
  createSocketProber({ clock: systemClock, lookup: (_name, _options, done) => answer(done) });

const resolverError = (code: string) => Object.assign(new Error(code), { code });

describe("a probe by HTTP", () => {
  it("sends the request as it is configured, and closes once it has the status", async () => {
    const { seen, port } = saying("HTTP/1.1 204 No Content\r\n");
    const wanted = probe(await port, {
      method: "POST",
      path: "/status?a=1",
      headers: [
        ["X-A", "1"],
        ["x-a", "2"],
      ],
      body: "pöng",
    });
    expect(await run(wanted)).toEqual({ status: 204 });
    expect(seen).toEqual([
      "POST /status?a=1 HTTP/1.1\r\nConnection: close\r\nX-A: 1\r\nx-a: 2\r\nHost: a.com\r\n" +
        "Content-Length: 5\r\n\r\npöng",
    ]);
    await expect.poll(() => sockets.size, { timeout: 10_000 }).toBe(0);
  });

  it("follows no redirect and waits for no body", async () => {
    const text = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 9\r\n\r\n";
    const { seen, port } = saying(text);
    expect(await run(probe(await port))).toEqual({ status: 302 });
    expect(seen).toHaveLength(1);
  });

  it.each([
    ["HTTP/1.1 200 OK\r\n", 200],
    ["HTTP/1.0 503\r\n", 503],
    ["http/1.1 200\n", 200],
    ["SSH-2.0-OpenSSH_9.6\r\n", 0],
    ["x".repeat(9_000), 0],
  ])("takes %j for the status %i", async (text, status) => {
    const { port } = saying(text);
    expect(await run(probe(await port))).toEqual({ status });
  });

  it("talks to a real server", async () => {
    const server = createHttpServer((request, response) => {
      response.writeHead(request.headers.host === "a.com" ? 200 : 400).end("x".repeat(100_000));
    });
    expect(await run(probe(await listening(server)))).toEqual({ status: 200 });
  });

  it("is a failure of TCP where nobody listens, or the connection breaks", async () => {
    expect(await run(probe(await freePort()))).toBe("tcp-failure");
    const ending = createServer((socket) => socket.on("data", () => socket.end()));
    expect(await run(probe(await listening(ending)))).toBe("tcp-failure");
    const breaking = createServer((socket) => socket.on("data", () => socket.resetAndDestroy()));
    expect(await run(probe(await listening(breaking)))).toBe("tcp-failure");
    const half = createServer((socket) => socket.on("data", () => socket.end("HTTP/1.1 2")));
    expect(await run(probe(await listening(half)))).toBe("tcp-failure");
  });

  it("is late where no answer comes, and leaves nothing open", async () => {
    const { port } = saying("");
    expect(await run(probe(await port, { timeoutMs: 30 }))).toBe("timeout");
    await expect.poll(() => sockets.size, { timeout: 10_000 }).toBe(0);
  });

  it("is of a node that is down where its name does not exist", async () => {
    const unknown = resolving((done) => done(resolverError("ENOTFOUND"), ""));
    expect(await unknown(probe(80, { host: "gone.test" }), never)).toBe("tcp-failure");
  });

  it("says nothing of a node while the resolver fails or is silent", async () => {
    const failing = resolving((done) => done(resolverError("EAI_AGAIN"), ""));
    await expect(failing(probe(80, { host: "a.test" }), never)).rejects.toThrow("EAI_AGAIN");
    const silent = resolving(() => undefined);
    const late = probe(80, { host: "a.test", timeoutMs: 30 });
    await expect(silent(late, never)).rejects.toThrow("a.test was not resolved in time");
  });

  it("ends at once when it is called off", async () => {
    const { port, seen } = saying("");
    const stop = new AbortController();
    const answer = prober(probe(await port), stop.signal);
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(1);
    stop.abort();
    await answer;
    await expect.poll(() => sockets.size, { timeout: 10_000 }).toBe(0);
  });
});

describe("a probe by TCP", () => {
  it("is content with a connection, and says nothing", async () => {
    const { port, seen } = saying("HTTP/1.1 500 no\r\n");
    expect(await run(probe(await port, { type: "tcp" }))).toBe("connected");
    await expect.poll(() => sockets.size, { timeout: 10_000 }).toBe(0);
    expect(seen).toEqual([]);
  });

  it("fails where nobody listens", async () => {
    expect(await run(probe(await freePort(), { type: "tcp" }))).toBe("tcp-failure");
  });
});

describe("a probe by HTTPS", () => {
  const authority = createAuthority("probes");
  const { cert, key } = authority.issue("a.com", ["DNS:a.com", "IP:127.0.0.1"]);
  const trusting = createSocketProber({ clock: systemClock, ca: authority.ca.text });
  const names: unknown[] = [];
  const secure = () =>
    listening(
      createTlsServer({ cert: cert.text, key: key.text }, (socket) => {
        names.push(socket.servername);
        socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
      }),
    );
  const https = (port: number, more: Partial<Probe> = {}) =>
    probe(port, { type: "https", ...more });

  it("asks for the name of the Host header and verifies it", async () => {
    const port = await secure();
    expect(await trusting(https(port), never)).toEqual({ status: 200 });
    expect(await trusting(https(port, { hostHeader: "a.com:8443" }), never)).toEqual({
      status: 200,
    });
    expect(await trusting(https(port, { hostHeader: "127.0.0.1" }), never)).toEqual({
      status: 200,
    });
    expect(names.slice(-3)).toEqual(["a.com", "a.com", false]);
  });

  it("fails with a certificate of another name, or of nobody it trusts", async () => {
    const port = await secure();
    expect(await trusting(https(port, { hostHeader: "b.com" }), never)).toBe("tcp-failure");
    expect(await trusting(https(port, { hostHeader: "127.0.0.2" }), never)).toBe("tcp-failure");
    expect(await run(https(port))).toBe("tcp-failure");
  });

  it("takes any certificate where it is told not to verify", async () => {
    const port = await secure();
    const blind = https(port, { hostHeader: "b.com", verifyCertificate: false });
    expect(await run(blind)).toEqual({ status: 200 });
  });

  it("fails where the other side does not speak TLS, or does not speak at all", async () => {
    expect(await run(https(await saying("HTTP/1.1 400 no\r\n").port))).toBe("tcp-failure");
    expect(await run(https(await saying("").port, { timeoutMs: 30 }))).toBe("tcp-failure");
  });
});
