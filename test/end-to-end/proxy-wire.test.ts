import { spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import { createAuthority } from "../support/certificates.ts";
import { startProxyWorker, targetHeader } from "../support/proxy-stand.ts";
import { sendRaw } from "../support/raw-http.ts";

/** What reaches client and upstream byte for byte, through workerd and real TLS. */

const hasOpenssl = spawnSync("openssl", ["version"], { stdio: "ignore" }).error === undefined;
const authority = hasOpenssl ? createAuthority("snapgate test") : undefined;
const zipped = gzipSync("hello ".repeat(100));
const closing: (() => void)[] = [];
let worker: RunningWorker;

beforeAll(async () => {
  worker = await startProxyWorker(authority?.ca.file);
  closing.push(() => void worker.stop());
});
afterAll(() => {
  for (const close of closing) close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const timeout = { connect: 5, send: 5, read: 5 };

describe.each([
  ["fetch", "localhost", {}],
  ["fetch with time-outs", "localhost", { timeout }],
  ["socket", "127.0.0.1", {}],
] as const)("an answer, by %s,", (_way, host, more) => {
  const get = (port: number, headers = "", method = "GET") =>
    sendRaw(
      worker.url,
      `${method} / HTTP/1.1\r\nHost: client.test\r\n${targetHeader({ host, port }, more)}${headers}\r\n`,
    );

  it.each([
    ["a client that takes gzip", "Accept-Encoding: gzip\r\n"],
    ["a client that takes none", ""],
    ["a client that takes br only", "Accept-Encoding: br\r\n"],
  ])("that is gzipped reaches %s byte for byte", async (_, accepted) => {
    let asked: string | undefined;
    const port = await listen(
      createServer((request, response) => {
        asked = request.headers["accept-encoding"] as string | undefined;
        response.writeHead(200, {
          "content-encoding": "gzip",
          "content-type": "text/plain",
          "content-length": zipped.length,
        });
        response.end(zipped);
      }),
    );
    const answer = await get(port, accepted);
    expect(answer.head.toLowerCase()).toContain("content-encoding: gzip");
    expect(answer.head.toLowerCase()).toContain(`content-length: ${zipped.length}`);
    expect(answer.body.equals(zipped)).toBe(true);
    expect(`Accept-Encoding: ${asked}\r\n`).toBe(accepted || "Accept-Encoding: undefined\r\n");
  });

  it("in a coding that nobody here knows passes unchanged", async () => {
    const port = await listen(
      createServer((_, response) => {
        response.writeHead(200, { "content-encoding": "br", "content-length": 4 });
        response.end("\x01\x02\x03\x04");
      }),
    );
    const answer = await get(port);
    expect(answer.body.toString("latin1")).toBe("\x01\x02\x03\x04");
  });

  it("to HEAD keeps its length on the wire", async () => {
    const port = await listen(
      createServer((_, response) => {
        response.writeHead(200, { "content-length": 1234 });
        response.end();
      }),
    );
    const answer = await sendRaw(
      worker.url,
      `HEAD / HTTP/1.1\r\nHost: client.test\r\n${targetHeader({ host, port }, more)}\r\n`,
      500,
    );
    expect(answer.head).toMatch(/^HTTP\/1\.1 200 .*\r\ncontent-length: 1234(\r\n|$)/is);
    expect(answer.body.length).toBe(0);
  });

  it("that breaks off breaks off for the client, and never looks whole", async () => {
    const port = await listen(
      createServer((_, response) => {
        response.writeHead(200, { "transfer-encoding": "chunked" });
        response.write("half");
        setTimeout(() => response.destroy(), 100);
      }),
    );
    const answer = await get(port);
    expect(answer.isClosed).toBe(true);
    expect(answer.body.toString("latin1")).not.toContain("0\r\n\r\n");
  });

  it("keeps UTF-8 headers byte for byte, both ways", async () => {
    let seen = "";
    const port = await listen(
      createServer((request, response) => {
        seen = String(request.headers["x-name"]);
        response.setHeader("x-name", Buffer.from("né").toString("latin1"));
        // With a body of text, Node would encode the head as it encodes the text.
        response.end(Buffer.from("ok"));
      }),
    );
    const sent = Buffer.from("né").toString("latin1");
    const answer = await get(port, `X-Name: ${sent}\r\n`);
    expect(seen).toBe(sent);
    expect(answer.head.toLowerCase()).toContain(`x-name: ${sent.toLowerCase()}`);
  });
});

describe("a GET with a body", () => {
  it("keeps its body, although fetch would send none", async () => {
    let seen = "";
    const port = await listen(
      createServer(async (request, response) => {
        for await (const piece of request) seen += piece;
        response.end("ok");
      }),
    );
    const answer = await sendRaw(
      worker.url,
      "GET / HTTP/1.1\r\nHost: client.test\r\nContent-Length: 5\r\n" +
        `${targetHeader({ host: "localhost", port })}\r\nhello`,
    );
    expect([answer.head.split("\r\n")[0], seen]).toEqual(["HTTP/1.1 200 OK", "hello"]);
  });
});

describe.skipIf(!authority)("an upstream with scheme https (skipped without openssl)", () => {
  const names: (string | undefined)[] = [];

  async function secureUpstream(alternativeName: string, issuer = authority): Promise<number> {
    const issued = issuer?.issue("upstream", [alternativeName]);
    const server = createTlsServer(
      {
        cert: issued?.cert.text,
        key: issued?.key.text,
        SNICallback: (name, done) => {
          names.push(name);
          done(null);
        },
      },
      (request, response) => response.end(`host ${request.headers.host}`),
    );
    server.on("tlsClientError", () => undefined);
    return listen(server);
  }

  const ask = (port: number, host: string, upstreamHost?: string) =>
    sendRaw(
      worker.url,
      `GET / HTTP/1.1\r\nHost: client.test\r\n${targetHeader({
        host,
        port,
        scheme: "https",
        ...(upstreamHost ? { pass_host: "rewrite", upstream_host: upstreamHost } : {}),
      })}\r\n`,
    );

  it("is reached by fetch where the Host is the node's own", async () => {
    const port = await secureUpstream("DNS:localhost");
    const answer = await ask(port, "localhost");
    expect(answer.body.toString()).toBe(`host localhost:${port}`);
  });

  it("is asked for, and verified, by the name in the Host, not by the node's", async () => {
    const port = await secureUpstream("DNS:shop.test");
    const answer = await ask(port, "127.0.0.1", "shop.test");
    expect(answer.body.toString()).toBe("host shop.test");
    expect(names.at(-1)).toBe("shop.test");
  });

  it("is asked for by the client's own Host where that is passed on, with its port", async () => {
    const port = await secureUpstream("DNS:client.test");
    const target = { host: "127.0.0.1", port, scheme: "https", pass_host: "pass" } as const;
    const head = `GET / HTTP/1.1\r\nHost: client.test:8443\r\n${targetHeader(target)}\r\n`;
    const answer = await sendRaw(worker.url, head);
    expect(answer.body.toString()).toBe("host client.test:8443");
    expect(names.at(-1)).toBe("client.test");
  });

  it("is reached over a socket where the Host is the node's name, but for the port", async () => {
    const port = await secureUpstream("DNS:localhost");
    const answer = await ask(port, "localhost", "localhost");
    expect(answer.body.toString()).toBe("host localhost");
  });

  it.each(["localhost", "127.0.0.1"])(
    "with another's certificate is 502 (node %s)",
    async (host) => {
      const port = await secureUpstream("DNS:other.test");
      const answer = await ask(port, host, host === "localhost" ? undefined : "shop.test");
      expect(answer.head).toMatch(/^HTTP\/1\.1 502 /);
      expect(answer.body.toString()).toContain("<title>502 Bad Gateway</title>");
    },
  );

  it("whose certificate nobody trusted has signed is 502", async () => {
    const port = await secureUpstream("DNS:shop.test", createAuthority("a stranger"));
    expect((await ask(port, "127.0.0.1", "shop.test")).head).toMatch(/^HTTP\/1\.1 502 /);
  });

  it("that speaks no TLS is 502", async () => {
    const plain = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("HTTP/1.1 200 OK\r\n\r\n");
    });
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    closing.push(() => plain.close());
    const { port } = plain.address() as AddressInfo;
    expect((await ask(port, "127.0.0.1", "shop.test")).head).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe("a node with an IPv6 address", () => {
  it("is reached, in brackets", async () => {
    const server = createServer((request, response) => response.end(request.headers.host));
    await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const answer = await sendRaw(
      worker.url,
      `GET / HTTP/1.1\r\nHost: client.test\r\n${targetHeader({ host: "[::1]", port })}\r\n`,
    );
    expect(answer.body.toString()).toBe(`[::1]:${port}`);
  });
});
