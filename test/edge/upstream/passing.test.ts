import { describe, expect, it } from "vitest";
import {
  anUpstream,
  nodesOf,
  scriptedUpstream,
  through,
  WAYS,
  type Way,
} from "../../support/proxy-world.ts";
import {
  answering,
  end,
  headOf,
  type Step,
  send,
  until,
  untilBytes,
  untilGo,
} from "../../support/upstream-scripts.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const MIB = 1024 * 1024;

/** One request to one upstream with this script. */
async function exchanged(way: Way, script: Step[], init: RequestInit = {}, target = "/") {
  const upstream = await scriptedUpstream(script);
  const response = await through(anUpstream({ nodes: nodesOf(way, upstream.port) }), init, {
    rawTarget: target,
  });
  return { upstream, response };
}

/** The head that the upstream received: its first line, and its headers in lower case. */
async function received(upstream: Awaited<ReturnType<typeof scriptedUpstream>>) {
  const [seen] = await upstream.seen();
  const [first = "", ...lines] = (seen?.text ?? "").split("\r\n\r\n")[0]?.split("\r\n") ?? [];
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { first, headers, text: seen?.text ?? "" };
}

async function bytesOf(stream: ReadableStream<Uint8Array> | null): Promise<number> {
  let bytes = 0;
  for await (const piece of stream ?? []) bytes += piece.length;
  return bytes;
}

describe.each(WAYS)("an answer, by %s,", (way) => {
  it("keeps status, reason, its own headers and every cookie", async () => {
    const { response } = await exchanged(
      way,
      answering(
        "HTTP/1.1 418 I am a teapot\r\nX-A: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" +
          "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nServer: nginx\r\nContent-Length: 2\r\n\r\nok",
      ),
    );
    expect([response.status, response.statusText]).toEqual([418, "I am a teapot"]);
    expect(response.headers.get("x-a")).toBe("1");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("date")).toBe("Mon, 01 Jan 2024 00:00:00 GMT");
    expect(response.headers.get("server")).toBe("APISIX");
    expect(await response.text()).toBe("ok");
  });

  it("loses what speaks of the upstream's connection only", async () => {
    const { response } = await exchanged(
      way,
      answering(
        "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n" +
          "X-Kept: 1\r\nContent-Length: 2\r\n\r\nok",
      ),
    );
    const names = [...response.headers.keys()];
    expect(names).toEqual(expect.arrayContaining(["x-kept", "content-length"]));
    for (const name of ["connection", "keep-alive", "x-hop"]) expect(names).not.toContain(name);
  });

  it("of a redirect is passed on, not followed", async () => {
    const { response } = await exchanged(
      way,
      answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    );
    expect([response.status, response.headers.get("location")]).toEqual([
      302,
      "http://127.0.0.1:1/",
    ]);
  });

  it.each([
    ["text/plain", "text/plain; charset=utf-8"],
    ["text/html", "text/html; charset=utf-8"],
    ["text/html; charset=latin1", "text/html; charset=latin1"],
    ["application/json", "application/json"],
  ])("of type %s is typed %s", async (type, wanted) => {
    const { response } = await exchanged(
      way,
      answering(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: 2\r\n\r\nok`),
    );
    expect(response.headers.get("content-type")).toBe(wanted);
  });

  it("in chunks is whole, without extensions and trailers", async () => {
    const { response } = await exchanged(way, [
      headOf(),
      send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      send("5;a=b\r\nhello\r\n"),
      send("1\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n"),
      end(),
    ]);
    expect(await response.text()).toBe("hello world");
    expect(response.headers.get("transfer-encoding")).toBeNull();
    expect(response.headers.get("x-trailer")).toBeNull();
  });

  it("without a length ends with its connection", async () => {
    const { response } = await exchanged(way, answering("HTTP/1.1 200 OK\r\n\r\nto the end"));
    expect(await response.text()).toBe("to the end");
  });

  it("of HTTP/1.0 is an answer", async () => {
    const { response } = await exchanged(way, answering("HTTP/1.0 200 OK\r\n\r\nold"));
    expect(await response.text()).toBe("old");
  });

  it("comes after any 1xx", async () => {
    const { response } = await exchanged(way, [
      headOf(),
      send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
      send(OK),
      end(),
    ]);
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
    expect(response.headers.get("link")).toBeNull();
  });

  it.each([204, 205, 304])("of %i has no body", async (status) => {
    const { response } = await exchanged(way, answering(`HTTP/1.1 ${status} X\r\nX-A: 1\r\n\r\n`));
    expect([response.status, response.headers.get("x-a")]).toEqual([status, "1"]);
    expect(await response.text()).toBe("");
  });

  it("to HEAD has a length and no body", async () => {
    const { response } = await exchanged(
      way,
      answering("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
      { method: "HEAD" },
    );
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "1234"]);
    expect(await response.text()).toBe("");
  });

  it("keeps UTF-8 in its headers", async () => {
    const name = String.fromCharCode(...new TextEncoder().encode("файл é"));
    const { response } = await exchanged(
      way,
      answering(`HTTP/1.1 200 OK\r\nX-Name: ${name}\r\nContent-Length: 0\r\n\r\n`),
    );
    expect(response.headers.get("x-name")).toBe("файл é");
  });

  it("reaches the client as it comes: the first byte before the last is sent", async () => {
    const { upstream, response } = await exchanged(way, [
      headOf(),
      send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"),
      untilGo(),
      send("final"),
      end(),
    ]);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    expect(new TextDecoder().decode(first.value)).toBe("first");
    await upstream.go();
    const final = await reader.read();
    expect(new TextDecoder().decode(final.value)).toBe("final");
    expect((await reader.read()).done).toBe(true);
  });

  it("of 10 MiB passes whole, and not faster than the client reads", async () => {
    const script = [
      headOf(),
      send(`HTTP/1.1 200 OK\r\nContent-Length: ${10 * MIB}\r\n\r\n`),
      send("x".repeat(MIB), 10),
      end(),
    ];
    const { response } = await exchanged(way, script);
    expect(response.headers.get("content-length")).toBe(String(10 * MIB));
    expect(await bytesOf(response.body)).toBe(10 * MIB);
  });

  it("that the client leaves is left at the upstream too", async () => {
    const { upstream, response } = await exchanged(way, [
      headOf(),
      send(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * MIB}\r\n\r\n`),
      send("x".repeat(MIB), 100),
    ]);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await upstream.seenWhen(([first]) => first?.isEnded === true);
  });
});

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

describe("an upstream reached by socket that does not speak HTTP/1.1 to the letter is 502:", () => {
  const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\nok`;
  it.each([
    [
      "both Content-Length and Transfer-Encoding",
      head("Content-Length: 2\r\nTransfer-Encoding: chunked"),
    ],
    ["two lengths that differ", head("Content-Length: 2\r\nContent-Length: 3")],
    ["a length that is none", head("Content-Length: +2")],
    ["a negative length", head("Content-Length: -1")],
    ["two lengths in one line", head("Content-Length: 2, 3")],
    ["an unknown transfer coding", head("Transfer-Encoding: gzip, chunked")],
    ["a coding with a trick", head("Transfer-Encoding: xchunked")],
    [
      "Transfer-Encoding in HTTP/1.0",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a folded header", head("X-A: 1\r\n 2")],
    ["a bare line feed", "HTTP/1.1 200 OK\nContent-Length: 2\n\n\r\n\r\nok"],
    ["a bare line feed among good lines", head("X-A: 1\nX-B: 2")],
    ["a bare carriage return", head("X-A: 1\rX-B: 2")],
    ["a space before the colon", head("Content-Length : 2")],
    ["no colon", head("nothing")],
    ["a NUL", head("X-A: a\0b")],
    ["an empty name", head(": a")],
    ["an HTTP of another major", "HTTP/2.0 200 OK\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a status of 600", "HTTP/1.1 600 OK\r\n\r\n"],
    ["a 101 that nobody asked for", "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"],
    [
      "more than 256 headers",
      head(Array.from({ length: 257 }, (_, i) => `X-${i}: 1`).join("\r\n")),
    ],
    ["a head over 128 KiB", head(`X-A: ${"a".repeat(128 * 1024)}`)],
    ["a head without an end", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(300 * 1024)}`],
    ["forty heads of 1xx", "HTTP/1.1 100 Continue\r\n\r\n".repeat(40)],
  ])("%s", async (_, text) => {
    const upstream = await scriptedUpstream([headOf(), send(text), end()]);
    const answer = through(anUpstream({ nodes: nodesOf("socket", upstream.port) }));
    await expect(answer).rejects.toMatchObject({
      fault: "upstream",
      status: 502,
      message: expect.stringContaining("no valid HTTP/1.1 response"),
    });
  });

  it.each([
    ["no number", "zz\r\nok\r\n0\r\n\r\n"],
    ["a sign", "+2\r\nok\r\n0\r\n\r\n"],
    ["a bare line feed", "2\nok\r\n0\r\n\r\n"],
    ["more than its size", "2\r\nokk\r\n0\r\n\r\n"],
    ["a size beyond any", "ffffffffffffffff\r\nok\r\n0\r\n\r\n"],
    ["no end", "2\r\nok\r\n"],
    ["endless trailers", `0\r\n${`X-T: ${"a".repeat(1000)}\r\n`.repeat(20)}\r\n`],
  ])("a chunked body with %s is cut", async (_, body) => {
    const upstream = await scriptedUpstream([
      headOf(),
      send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`),
      end(),
    ]);
    const response = await through(anUpstream({ nodes: nodesOf("socket", upstream.port) }));
    await expect(response.text()).rejects.toThrow();
  });

  it("but two equal lengths, and bytes after the body, are borne", async () => {
    const upstream = await scriptedUpstream(
      answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200"),
    );
    const response = await through(anUpstream({ nodes: nodesOf("socket", upstream.port) }));
    expect(await response.text()).toBe("ok");
  });
});
