import { describe, expect, it } from "vitest";
import { anUpstream, nodesOf, scriptedUpstream, through } from "../../support/proxy-world.ts";
import { answering, end, headOf, send } from "../../support/upstream-scripts.ts";

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
