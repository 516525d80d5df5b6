import { describe, expect, it } from "vitest";
import { exchanged, WAYS } from "../../support/proxy-world.ts";
import { answering, end, headOf, send, untilGo } from "../../support/upstream-scripts.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const MIB = 1024 * 1024;

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

  it("comes no faster than the client reads it", async () => {
    const { upstream, response } = await exchanged(way, [
      headOf(),
      send(`HTTP/1.1 200 OK\r\nContent-Length: ${200 * MIB}\r\n\r\n`),
      send("x".repeat(MIB), 200),
    ]);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await scheduler.wait(1000);
    const [seen] = await upstream.seen();
    // What the buffers of the machine hold, and no more.
    expect(seen?.sentBytes).toBeLessThan(16 * MIB);
    await reader.cancel();
  });

  it("of 10 MiB passes whole", async () => {
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
