import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { startEdge } from "../../../examples/quick-start/edge.ts";
import { freePort } from "../../../examples/quick-start/ports.ts";
import { type S3Options, S3Store } from "../../../exporter/store/s3-store.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function storeBefore(answer: RequestListener, change: Partial<S3Options> = {}) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return open(`http://127.0.0.1:${port}`, change);
}

function open(endpoint: string, change: Partial<S3Options> = {}): S3Store {
  return new S3Store({
    endpoint,
    region: "auto",
    bucket: "bucket",
    prefix: "default/",
    accessKeyId: "key",
    secretAccessKey: "secret",
    pathStyle: true,
    checksums: "required",
    unquotedEtags: false,
    timeoutMs: 300,
    ...change,
  });
}

const status = (code: number, body = ""): RequestListener => {
  return (_request, response) => {
    response.statusCode = code;
    response.end(body);
  };
};

describe("a bucket that does not do what it is asked", () => {
  it.each([
    ["answers 500", status(500)],
    ["answers 503", status(503)],
    ["answers 429", status(429)],
    ["does not answer", () => undefined],
    [
      "dies in the middle of an object",
      (_request, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write("x");
        setTimeout(() => response.destroy(), 20);
      },
    ],
  ] as [string, RequestListener][])("that %s is tried again later", async (_what, answer) => {
    const store = await storeBefore(answer);
    await expect(store.get("pointers/stable.json")).rejects.toMatchObject({
      name: "StoreError",
      retryable: true,
    });
  });

  it("that refuses the connection is tried again later, and the message says where", async () => {
    const store = open(`http://127.0.0.1:${await freePort()}`);
    await expect(store.put("chunks/a", new Uint8Array(3))).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/put chunks\/a: bucket bucket at http:\/\/127/),
    });
  });

  it("that forbids needs a person, and the message says what to check", async () => {
    const denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    const store = await storeBefore(status(403, denied));
    await expect(store.put("chunks/a", new Uint8Array(3))).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining("check the credentials"),
    });
  });

  it("that does not exist needs a person", async () => {
    const missing = "<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>";
    const store = await storeBefore(status(404, missing));
    await expect(store.get("chunks/a")).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining("S3_BUCKET"),
    });
  });

  it("of which the secret is wrong needs a person: a real endpoint says so", async () => {
    const edge = await startEdge({ port: 0, storePort: 0, bindings: {} });
    const store = open(edge.store.endpoint, {
      bucket: edge.store.bucket,
      accessKeyId: "dev",
      timeoutMs: 5000,
    });
    await expect(store.get("chunks/a")).rejects.toMatchObject({ retryable: false });
    await edge.stop();
  });

  it("of Ceph's old kind gets its etag without quotes", async () => {
    let seen: string | undefined;
    const store = await storeBefore(
      (request, response) => {
        seen = request.headers["if-match"];
        response.setHeader("etag", '"new"');
        response.end();
      },
      { unquotedEtags: true },
    );
    await store.compareAndSet("p", new Uint8Array(1), '"abc"');
    expect(seen).toBe("abc");
  });
});
