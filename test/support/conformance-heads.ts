import { head, many, ok, type Section, sized, starting } from "./conformance-rows.ts";

/** What an upstream may send as its head. */

const STATUS_LINE: Section = [
  "4",
  [
    { sends: "a status line without a reason", bytes: starting("HTTP/1.1 200 "), becomes: ok },
    { sends: "nor a space after the status", bytes: starting("HTTP/1.1 200"), becomes: ok },
    {
      sends: "a reason of several words",
      bytes: starting("HTTP/1.1 404 Not  here"),
      becomes: { status: 404, reason: "Not  here", body: "ok" },
    },
    {
      sends: "a reason that is not ASCII",
      bytes: starting("HTTP/1.1 404 Nicht gef\xc3\xbcnden"),
      becomes: { status: 404, reason: "", body: "ok" },
    },
    {
      sends: "a tab in the reason",
      bytes: starting("HTTP/1.1 404 Not\there"),
      becomes: { status: 404, reason: "", body: "ok" },
    },
    {
      sends: "a control character in the reason",
      bytes: starting("HTTP/1.1 200 a\x01b"),
      becomes: "refused",
    },
    {
      sends: "two spaces before the status",
      bytes: starting("HTTP/1.1  200 OK"),
      becomes: "refused",
    },
    { sends: "a status of two digits", bytes: starting("HTTP/1.1 20 OK"), becomes: "refused" },
    { sends: "a status of four digits", bytes: starting("HTTP/1.1 2000 OK"), becomes: "refused" },
    { sends: "a status below 100", bytes: starting("HTTP/1.1 099 OK"), becomes: "refused" },
    { sends: "a status above 599", bytes: starting("HTTP/1.1 600 OK"), becomes: "refused" },
    {
      sends: "an unknown status of a known class",
      bytes: starting("HTTP/1.1 299 Odd"),
      becomes: { status: 299, reason: "Odd", body: "ok" },
    },
  ],
];

const VERSIONS: Section = [
  "2.3",
  [
    { sends: "HTTP/1.0", bytes: starting("HTTP/1.0 200 OK"), becomes: ok },
    { sends: "a later minor version", bytes: starting("HTTP/1.9 200 OK"), becomes: ok },
    { sends: "another major version", bytes: starting("HTTP/2.0 200 OK"), becomes: "refused" },
    { sends: "the name in lower case", bytes: starting("http/1.1 200 OK"), becomes: "refused" },
    { sends: "another protocol's greeting", bytes: "SSH-2.0-OpenSSH_9.2\r\n", becomes: "refused" },
    {
      sends: "a body without a head (HTTP/0.9)",
      bytes: "<html>",
      thenEnds: true,
      becomes: "refused",
    },
  ],
];

const LINES: Section = [
  "2.2",
  [
    {
      sends: "lines that end with a bare line feed",
      bytes: "HTTP/1.1 200 OK\n",
      becomes: "refused",
    },
    { sends: "one such line among good ones", bytes: head("X-A: 1\nX-B: 2"), becomes: "refused" },
    {
      sends: "a bare carriage return in a value",
      bytes: head("X-A: 1\rX-B: 2"),
      becomes: "refused",
    },
    {
      sends: "a bare carriage return before a line's end",
      bytes: head("X-A: 1\r"),
      becomes: "refused",
    },
    {
      sends: "an empty line before the status line",
      bytes: `\r\n${sized("X-A: 1")}`,
      becomes: "refused",
    },
    { sends: "a blank before the first field", bytes: head(" X-A: 1"), becomes: "refused" },
    { sends: "nothing, and ends", bytes: "", thenEnds: true, becomes: "tried elsewhere" },
    {
      sends: "half a head, and ends",
      bytes: "HTTP/1.1 200 OK\r\nX-A",
      thenEnds: true,
      becomes: "tried elsewhere",
    },
  ],
];

const FIELDS: Section = [
  "5",
  [
    {
      sends: "blanks around a value, and an empty one",
      bytes: sized("X-A: \t one \t\r\nX-B:\r\nX-C:2"),
      becomes: { body: "ok", headers: { "x-a": "one", "x-b": "", "x-c": "2" } },
    },
    {
      sends: "a field twice",
      bytes: sized("X-A: 1\r\nX-a: 2\r\nSet-Cookie: a=1, b\r\nSet-Cookie: c=2"),
      becomes: { body: "ok", headers: { "x-a": "1, 2", "set-cookie": "a=1, b, c=2" } },
    },
    {
      sends: "UTF-8 in a value",
      bytes: sized("X-A: \xc3\xa9\xc2\x85"),
      becomes: { body: "ok", headers: { "x-a": "é\u0085" } },
    },
    { sends: "a space before the colon", bytes: sized("X-A : 1"), becomes: "refused" },
    { sends: "an empty name", bytes: sized(": 1"), becomes: "refused" },
    { sends: "no colon", bytes: sized("nothing"), becomes: "refused" },
    { sends: "a name that is no token", bytes: sized("X(A): 1"), becomes: "refused" },
    { sends: "a name that is not ASCII", bytes: sized("X-\xc3\xa9: 1"), becomes: "refused" },
    { sends: "a NUL in a value", bytes: sized("X-A: a\0b"), becomes: "refused" },
    {
      sends: "another control character in a value",
      bytes: sized("X-A: a\x1bb"),
      becomes: "refused",
    },
    { sends: "a DEL in a value", bytes: sized("X-A: a\x7fb"), becomes: "refused" },
    {
      sends: "256 fields",
      bytes: head(`${many(255, "X-A: 1")}\r\nContent-Length: 2`),
      becomes: ok,
    },
    { sends: "more than 256 fields", bytes: head(many(257, "X-A: 1")), becomes: "refused" },
    {
      sends: "a field of 100 KB",
      bytes: sized(`X-A: ${"a".repeat(100_000)}`),
      becomes: { body: "ok", headers: { "x-a": "a".repeat(100_000) } },
    },
    {
      sends: "a head of more than 128 KiB, whole or not",
      bytes: `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(129 * 1024)}`,
      becomes: "refused",
    },
  ],
];

const FOLDING: Section = [
  "5.2",
  [
    { sends: "a value folded with a space", bytes: sized("X-A: 1\r\n 2"), becomes: "refused" },
    { sends: "a value folded with a tab", bytes: sized("X-A: 1\r\n\t2"), becomes: "refused" },
  ],
];

export const HEADS: readonly Section[] = [LINES, VERSIONS, STATUS_LINE, FIELDS, FOLDING];
