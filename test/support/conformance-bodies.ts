import { chunks, empty, head, many, ok, type Section, sized } from "./conformance-rows.ts";

/** How an upstream may frame its body, and what may come before it. */

const TRANSFER_ENCODING: Section = [
  "6.1",
  [
    {
      sends: "chunks",
      bytes: chunks("2\r\nok\r\n0\r\n\r\n"),
      becomes: { body: "ok", headers: { "transfer-encoding": null, "content-length": null } },
    },
    {
      sends: "the coding's name in capitals",
      bytes: chunks("2\r\nok\r\n0\r\n\r\n", "TRANSFER-ENCODING: CHUNKED"),
      becomes: ok,
    },
    {
      sends: "Transfer-Encoding and Content-Length",
      bytes: sized("Transfer-Encoding: chunked"),
      becomes: "refused",
    },
    {
      sends: "chunked, but not last",
      bytes: head("Transfer-Encoding: chunked, gzip"),
      becomes: "refused",
    },
    {
      sends: "a coding before chunked",
      bytes: head("Transfer-Encoding: gzip, chunked"),
      becomes: "refused",
    },
    {
      sends: "Transfer-Encoding twice",
      bytes: head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
      becomes: "refused",
    },
    {
      sends: "chunked twice",
      bytes: head("Transfer-Encoding: chunked, chunked"),
      becomes: "refused",
    },
    { sends: "identity", bytes: head("Transfer-Encoding: identity"), becomes: "refused" },
    { sends: "an unknown coding", bytes: head("Transfer-Encoding: xchunked"), becomes: "refused" },
    { sends: "an empty Transfer-Encoding", bytes: head("Transfer-Encoding:"), becomes: "refused" },
    {
      sends: "a vertical tab before the coding",
      bytes: head("Transfer-Encoding: \x0bchunked"),
      becomes: "refused",
    },
    {
      sends: "Transfer-Encoding in HTTP/1.0",
      bytes: chunks("0\r\n\r\n").replace("1.1", "1.0"),
      becomes: "refused",
    },
  ],
];

const CONTENT_LENGTH: Section = [
  "6.2, 6.3",
  [
    {
      sends: "a length",
      bytes: sized("X-A: 1"),
      becomes: { body: "ok", headers: { "content-length": "2" } },
    },
    {
      sends: "the same length twice",
      bytes: sized("Content-Length: 2"),
      becomes: { body: "ok", headers: { "content-length": "2" } },
    },
    {
      sends: "the same length twice in one line",
      bytes: head("Content-Length: 2, 2"),
      becomes: { body: "ok", headers: { "content-length": "2" } },
    },
    { sends: "two lengths", bytes: sized("Content-Length: 3"), becomes: "refused" },
    { sends: "two lengths in one line", bytes: head("Content-Length: 2, 3"), becomes: "refused" },
    {
      sends: "one length written in two ways",
      bytes: sized("Content-Length: 02"),
      becomes: "refused",
    },
    { sends: "an empty length", bytes: head("Content-Length:"), becomes: "refused" },
    { sends: "an empty element of a list", bytes: head("Content-Length: 2,"), becomes: "refused" },
    { sends: "a sign", bytes: head("Content-Length: +2"), becomes: "refused" },
    { sends: "a negative length", bytes: head("Content-Length: -2"), becomes: "refused" },
    { sends: "a hexadecimal length", bytes: head("Content-Length: 0x2"), becomes: "refused" },
    { sends: "a fraction", bytes: head("Content-Length: 2.0"), becomes: "refused" },
    {
      sends: "a length of more than 15 digits",
      bytes: head("Content-Length: 9999999999999999"),
      becomes: "refused",
    },
    {
      sends: "less than its length, and ends",
      bytes: head("Content-Length: 3"),
      thenEnds: true,
      becomes: "cut",
    },
    {
      sends: "more than its length",
      bytes: `${sized("X-A: 1")}HTTP/1.1 200 OK\r\nSet-Cookie: evil=1\r\n\r\n`,
      becomes: { body: "ok", headers: { "set-cookie": null } },
    },
    {
      sends: "neither length nor chunks, and ends",
      bytes: head("X-A: 1", "to the end"),
      thenEnds: true,
      becomes: { body: "to the end", headers: { "content-length": null } },
    },
    {
      sends: "a length with HEAD",
      method: "HEAD",
      bytes: head("Content-Length: 1234", ""),
      becomes: { body: "", headers: { "content-length": "1234" } },
    },
    { sends: "chunks with HEAD", method: "HEAD", bytes: chunks(""), becomes: empty },
    { sends: "a body with HEAD", method: "HEAD", bytes: sized("X-A: 1"), becomes: empty },
    {
      sends: "204 with a length",
      bytes: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
      becomes: { status: 204, body: "", headers: { "content-length": null } },
    },
    {
      sends: "205 with a length",
      bytes: "HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok",
      becomes: { status: 205, body: "", headers: { "content-length": null } },
    },
    {
      sends: "304 with the length that 200 would have",
      bytes: "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: x\r\n\r\n",
      becomes: { status: 304, body: "", headers: { etag: "x" } },
    },
  ],
];

const CHUNKS: Section = [
  "7.1",
  [
    {
      sends: "sizes of either case, with zeros before",
      bytes: chunks(`00A\r\n0123456789\r\n00\r\n\r\n`),
      becomes: { body: "0123456789" },
    },
    { sends: "no chunk but the last", bytes: chunks("0\r\n\r\n"), becomes: empty },
    { sends: "blanks after a size", bytes: chunks("2 \t\r\nok\r\n0\r\n\r\n"), becomes: ok },
    { sends: "a blank before a size", bytes: chunks(" 2\r\nok\r\n0\r\n\r\n"), becomes: "cut" },
    { sends: "a sign before a size", bytes: chunks("+2\r\nok\r\n0\r\n\r\n"), becomes: "cut" },
    {
      sends: "a size that begins with 0x",
      bytes: chunks("0x2\r\nok\r\n0\r\n\r\n"),
      becomes: "cut",
    },
    { sends: "no size", bytes: chunks("\r\nok\r\n0\r\n\r\n"), becomes: "cut" },
    { sends: "a size that is no number", bytes: chunks("zz\r\nok\r\n0\r\n\r\n"), becomes: "cut" },
    {
      sends: "a size of 2^48 or more",
      bytes: chunks("1000000000000\r\nok\r\n0\r\n\r\n"),
      becomes: "cut",
    },
    {
      sends: "a size that would overflow",
      bytes: chunks("ffffffffffffffff2\r\nok\r\n0\r\n\r\n"),
      becomes: "cut",
    },
    {
      sends: "a size line that ends with a bare line feed",
      bytes: chunks("2\nok\r\n0\r\n\r\n"),
      becomes: "cut",
    },
    {
      sends: "a chunk longer than its size",
      bytes: chunks("2\r\nokk\r\n0\r\n\r\n"),
      becomes: "cut",
    },
    { sends: "a chunk without its CRLF", bytes: chunks("2\r\nok0\r\n\r\n"), becomes: "cut" },
    {
      sends: "a chunk that ends with a bare line feed",
      bytes: chunks("2\r\nok\n0\r\n\r\n"),
      becomes: "cut",
    },
    {
      sends: "no last chunk, and ends",
      bytes: chunks("2\r\nok\r\n"),
      thenEnds: true,
      becomes: "cut",
    },
    {
      sends: "more after the last chunk",
      bytes: chunks("2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
      becomes: ok,
    },
  ],
];

const EXTENSIONS: Section = [
  "7.1.1",
  [
    {
      sends: "an extension",
      bytes: chunks("2;name=value;other\r\nok\r\n0;x\r\n\r\n"),
      becomes: ok,
    },
    { sends: "a quoted one", bytes: chunks('2 ; name = "a;\\"b"\r\nok\r\n0\r\n\r\n'), becomes: ok },
    {
      sends: "a quoted one with CRLF in it",
      bytes: chunks('2;name="a\r\nok\r\n0\r\n\r\n"\r\nok'),
      becomes: "cut",
    },
    { sends: "a line feed in one", bytes: chunks("2;name\nok\r\n0\r\n\r\n"), becomes: "cut" },
    {
      sends: "a carriage return in one",
      bytes: chunks("2;na\rme\r\nok\r\n0\r\n\r\n"),
      becomes: "cut",
    },
    { sends: "a NUL in one", bytes: chunks("2;na\0me\r\nok\r\n0\r\n\r\n"), becomes: "cut" },
    {
      sends: "a size line of more than 4 KiB",
      bytes: chunks(`2;${"a".repeat(4097)}\r\nok\r\n0\r\n\r\n`),
      becomes: "cut",
    },
  ],
];

const TRAILERS: Section = [
  "7.1.2",
  [
    {
      sends: "trailers",
      bytes: chunks(
        "2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n",
        "Trailer: X-Trailer\r\nTransfer-Encoding: chunked",
      ),
      becomes: { body: "ok", headers: { "x-trailer": null, trailer: null } },
    },
    {
      sends: "trailers that must not be any",
      bytes: chunks("2\r\nok\r\n0\r\nContent-Length: 9\r\nSet-Cookie: a=1\r\n\r\n"),
      becomes: { body: "ok", headers: { "set-cookie": null, "content-length": null } },
    },
    {
      sends: "trailers of more than 16 KiB",
      bytes: chunks(`2\r\nok\r\n0\r\n${many(20, `X-T: ${"a".repeat(1000)}`)}\r\n\r\n`),
      becomes: "cut",
    },
    {
      sends: "a trailer that ends with a bare line feed",
      bytes: chunks("2\r\nok\r\n0\r\nX-T: 1\n\r\n"),
      becomes: "cut",
    },
    {
      sends: "no end of its trailers, and ends",
      bytes: chunks("2\r\nok\r\n0\r\nX-T: 1\r\n"),
      thenEnds: true,
      becomes: "cut",
    },
  ],
];

const INTERIM: Section = [
  "RFC 9110 15.2",
  [
    {
      sends: "100, 102 and 103 before its answer",
      bytes:
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
        `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${sized("X-A: 1")}`,
      becomes: { body: "ok", headers: { link: null, "x-a": "1" } },
    },
    {
      sends: "100 and nothing else, and ends",
      bytes: "HTTP/1.1 100 Continue\r\n\r\n",
      thenEnds: true,
      becomes: "tried elsewhere",
    },
    {
      sends: "more than 32 heads of 1xx",
      bytes: "HTTP/1.1 100 Continue\r\n\r\n".repeat(40),
      becomes: "refused",
    },
    {
      sends: "a 101 that nobody asked for",
      bytes: "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n",
      becomes: "refused",
    },
    {
      sends: "a malformed head of 1xx",
      bytes: `HTTP/1.1 103 Early\r\nbad\r\n\r\n${sized("X-A: 1")}`,
      becomes: "refused",
    },
  ],
];

export const BODIES: readonly Section[] = [
  TRANSFER_ENCODING,
  CONTENT_LENGTH,
  CHUNKS,
  EXTENSIONS,
  TRAILERS,
  INTERIM,
];
