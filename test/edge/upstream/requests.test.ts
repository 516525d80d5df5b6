import { describe, expect, it } from "vitest";
import {
  anUpstream,
  exchanged,
  nodesOf,
  received,
  scriptedUpstream,
  through,
  WAYS,
} from "../../support/proxy-world.ts";
import {
  answering,
  end,
  headOf,
  send,
  stopReading,
  until,
  untilBytes,
} from "../../support/upstream-scripts.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const MIB = 1024 * 1024;

describe.each(WAYS)("a request, by %s,", (way) => {
  it("has the headers that an upstream of APISIX sees", async () => {
    const { upstream } = await exchanged(way, answering(OK), {
      headers: { "x-forwarded-for": "203.0.113.9", forwarded: "for=evil", "user-agent": "a test" },
    });
    const { headers } = await received(upstream);
    expect(headers.get("x-real-ip")).toBe("192.0.2.7");
    expect(headers.get("x-forwarded-for")).toBe("203.0.113.9, 192.0.2.7");
    expect(headers.get("x-forwarded-proto")).toBe("http");
    expect(headers.get("x-forwarded-host")).toBe("client.test");
    expect(headers.get("x-forwarded-port")).toBe("80");
    expect(headers.get("user-agent")).toBe("a test");
    expect(headers.has("forwarded")).toBe(false);
  });

  it("begins X-Forwarded-For where there is none, and takes no other of them from the client", async () => {
    const { upstream } = await exchanged(way, answering(OK), {
      headers: {
        "x-forwarded-host": "evil",
        "x-forwarded-proto": "https",
        "x-forwarded-port": "1",
        "x-real-ip": "1.1.1.1",
      },
    });
    const { headers } = await received(upstream);
    expect(headers.get("x-forwarded-for")).toBe("192.0.2.7");
    expect(headers.get("x-forwarded-host")).toBe("client.test");
    expect(headers.get("x-forwarded-proto")).toBe("http");
    expect(headers.get("x-forwarded-port")).toBe("80");
    expect(headers.get("x-real-ip")).toBe("192.0.2.7");
  });

  it("that is a copy does not tell where its client is, and loses what spoke of its connection", async () => {
    const upstream = await scriptedUpstream(answering(OK));
    const headers = new Headers({ "x-a": "1", "keep-alive": "timeout=5", "cf-ray": "1" });
    await through(
      anUpstream({ nodes: nodesOf(way, upstream.port) }),
      {},
      {
        head: { method: "GET", headers, host: undefined, isCopy: true },
      },
    );
    const names = [...(await received(upstream)).headers.keys()];
    expect(names).toContain("x-a");
    for (const name of ["x-real-ip", "x-forwarded-for", "keep-alive", "cf-ray"]) {
      expect(names).not.toContain(name);
    }
  });

  it("loses what spoke of the client's connection, and what Cloudflare added", async () => {
    const { upstream } = await exchanged(way, answering(OK), {
      headers: {
        connection: "keep-alive, X-Hop, Authorization, X-Consumer-Username",
        "keep-alive": "timeout=5",
        te: "trailers",
        upgrade: "h2c",
        expect: "100-continue",
        "x-hop": "1",
        "cf-connecting-ip": "192.0.2.7",
        "cf-ray": "1",
        "cf-access-jwt-assertion": "kept",
        authorization: "kept",
        "x-consumer-username": "kept",
      },
    });
    const { headers } = await received(upstream);
    for (const name of ["keep-alive", "te", "upgrade", "expect", "x-hop", "cf-ray"]) {
      expect(headers.has(name), name).toBe(false);
    }
    expect(headers.get("connection") ?? "close").toBe("close");
    expect(headers.get("authorization")).toBe("kept");
    expect(headers.get("x-consumer-username")).toBe("kept");
    expect(headers.get("cf-access-jwt-assertion")).toBe("kept");
  });

  it.each([
    ["gzip;q=0.5", "gzip;q=0.5"],
    ["", undefined],
  ])("asks for the codings that the client takes (%s), not for Cloudflare's", async (own, seen) => {
    const { upstream } = await exchanged(way, answering(OK), {
      headers: { "accept-encoding": "br, gzip" },
      cf: { clientAcceptEncoding: own },
    });
    expect((await received(upstream)).headers.get("accept-encoding")).toBe(seen);
  });

  it("keeps UTF-8 in its headers", async () => {
    const { upstream } = await exchanged(way, answering(OK), { headers: { "x-name": "é" } });
    const { headers } = await received(upstream);
    const bytes = Uint8Array.from(headers.get("x-name") ?? "", (c) => c.charCodeAt(0));
    expect(new TextDecoder().decode(bytes)).toBe("é");
  });

  it.each(["/a/../b", "/a%2fb?c=%2e%2e", "//x", "/a;b=c/..;/d", "/q?a=[1]&b={2}", "/a#b", "/é"])(
    "for %s arrives as it was sent",
    async (target) => {
      const { upstream } = await exchanged(way, answering(OK), {}, target);
      const { first } = await received(upstream);
      const bytes = Uint8Array.from(first, (c) => c.charCodeAt(0));
      expect(new TextDecoder().decode(bytes)).toBe(`GET ${target} HTTP/1.1`);
    },
  );

  it("with a body of a known length arrives with that length", async () => {
    const { upstream } = await exchanged(way, [until("hello"), send(OK), end()], {
      method: "POST",
      body: "hello",
      headers: { "content-length": "5" },
    });
    const { headers, text } = await received(upstream);
    expect(headers.get("content-length")).toBe("5");
    expect(headers.has("transfer-encoding")).toBe(false);
    expect(text.endsWith("\r\n\r\nhello")).toBe(true);
  });

  it("with a body of an unknown length arrives in chunks", async () => {
    const body = new Response("hello").body?.pipeThrough(new IdentityTransformStream());
    const { upstream } = await exchanged(way, [until("0\r\n\r\n"), send(OK), end()], {
      method: "POST",
      body: body ?? null,
    });
    const { headers, text } = await received(upstream);
    expect(headers.get("transfer-encoding")).toBe("chunked");
    expect(headers.has("content-length")).toBe(false);
    expect(text.endsWith("5\r\nhello\r\n0\r\n\r\n")).toBe(true);
  });

  it("with an empty body says that it is empty", async () => {
    const { upstream } = await exchanged(way, answering(OK), {
      method: "POST",
      body: "",
      headers: { "content-length": "0" },
    });
    expect((await received(upstream)).headers.get("content-length")).toBe("0");
  });

  it("of 10 MiB is streamed: its first byte arrives before its last is sent", async () => {
    const upstream = await scriptedUpstream([untilBytes(10 * MIB), send(OK), end()]);
    const { readable, writable } = new FixedLengthStream(10 * MIB);
    const writer = writable.getWriter();
    const answer = through(anUpstream({ nodes: nodesOf(way, upstream.port) }), {
      method: "POST",
      body: readable,
      headers: { "content-length": String(10 * MIB) },
    });
    await writer.write(new Uint8Array(MIB));
    await upstream.seenWhen(([first]) => (first?.bytes ?? 0) >= MIB);
    for (let i = 1; i < 10; i++) await writer.write(new Uint8Array(MIB));
    await writer.close();
    expect(await (await answer).text()).toBe("ok");
    expect((await received(upstream)).headers.get("content-length")).toBe(String(10 * MIB));
  });

  it("is read from the client no faster than the upstream takes it", async () => {
    const upstream = await scriptedUpstream([stopReading()]);
    const leaving = new AbortController();
    let pulledBytes = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulledBytes += MIB;
        controller.enqueue(new Uint8Array(MIB));
      },
    });
    const answer = through(anUpstream({ nodes: nodesOf(way, upstream.port) }), {
      method: "POST",
      body: endless,
      signal: leaving.signal,
    });
    const ended = expect(answer).rejects.toMatchObject({ fault: "downstream" });
    await scheduler.wait(500);
    expect(pulledBytes).toBeGreaterThan(0);
    expect(pulledBytes).toBeLessThan(16 * MIB);
    leaving.abort();
    await ended;
  });

  it("may be answered before its body is all sent", async () => {
    const upstream = await scriptedUpstream([
      headOf(),
      send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"),
    ]);
    const endless = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await scheduler.wait(5);
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
    const response = await through(anUpstream({ nodes: nodesOf(way, upstream.port) }), {
      method: "POST",
      body: endless,
    });
    expect([response.status, await response.text()]).toEqual([413, "big"]);
  });

  it.each([
    ["longer", 70_000],
    ["shorter", 80_000],
  ])("whose body is %s than it says is refused", async (_, said) => {
    const upstream = await scriptedUpstream([headOf()]);
    const body = new Response(new Uint8Array(75_000)).body?.pipeThrough(
      new IdentityTransformStream(),
    );
    const answer = through(anUpstream({ nodes: nodesOf(way, upstream.port) }), {
      method: "POST",
      body: body ?? null,
      headers: { "content-length": String(said) },
    });
    await expect(answer).rejects.toMatchObject({ fault: "downstream", status: 400 });
    const [seen] = await upstream.seenWhen(([first]) => first?.isEnded !== false);
    const sent = (seen?.text ?? "").split("\r\n\r\n")[1] ?? "";
    expect(sent.length).toBeLessThanOrEqual(said);
  });
});

describe("the Host", () => {
  const hostSeen = async (
    fields: Parameters<typeof anUpstream>[0],
    port: number,
    hostHeader: string,
  ) =>
    through(
      anUpstream(fields),
      {},
      {
        client: { address: "192.0.2.7", scheme: "http", hostHeader, port },
      },
    );

  it("of the client is passed by default, port and case as they are", async () => {
    const upstream = await scriptedUpstream(answering(OK));
    const fields = { nodes: nodesOf("fetch", upstream.port), pass_host: "pass" } as const;
    await hostSeen(fields, 8443, "Shop.Example:8443");
    const { headers } = await received(upstream);
    expect(headers.get("host")).toBe("Shop.Example:8443");
    expect(headers.get("x-forwarded-port")).toBe("8443");
  });

  it("is the node's, with its port, where pass_host is node", async () => {
    for (const way of WAYS) {
      const upstream = await scriptedUpstream(answering(OK));
      const fields = { nodes: nodesOf(way, upstream.port), pass_host: "node" } as const;
      await hostSeen(fields, 80, "client.test");
      const name = way === "fetch" ? "localhost" : "127.0.0.1";
      expect((await received(upstream)).headers.get("host")).toBe(`${name}:${upstream.port}`);
    }
  });

  it("is upstream_host where pass_host is rewrite", async () => {
    const upstream = await scriptedUpstream(answering(OK));
    await hostSeen(
      {
        nodes: nodesOf("fetch", upstream.port),
        pass_host: "rewrite",
        upstream_host: "internal.example",
      },
      80,
      "client.test",
    );
    expect((await received(upstream)).headers.get("host")).toBe("internal.example");
  });

  it("cannot carry a second header", async () => {
    const upstream = await scriptedUpstream(answering(OK));
    const answer = hostSeen(
      {
        nodes: nodesOf("socket", upstream.port),
        pass_host: "rewrite",
        upstream_host: "a\r\nX-Evil: 1",
      },
      80,
      "client.test",
    );
    await expect(answer).rejects.toMatchObject({ status: 400 });
    expect((await upstream.seen())[0]?.bytes ?? 0).toBe(0);
  });
});
