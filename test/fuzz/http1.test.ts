import { describe, expect, it } from "vitest";
import { UpstreamFailure } from "../../edge/upstream/failure.ts";
import { exchange } from "../../edge/upstream/http1/exchange.ts";
import type { Timers } from "../../edge/upstream/timers.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";

/**
 * The HTTP/1.1 exchange, fed with answers that are whole, mutated and random, in pieces of every size: how
 * bytes are cut must never change what they mean, and what means nothing must be a failure with a name.
 */

const seed = runSeed();
const ROUNDS = 400;
const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const LIMIT_MS = 60_000;
/** No limit is ever reached, a moment's wait is over at once. */
const timers: Timers = {
  after: (ms, action) => {
    if (ms < LIMIT_MS) queueMicrotask(action);
    return () => undefined;
  },
};

/** What an answer came to, as one line. */
async function outcome(answer: Uint8Array, pieces: readonly number[], method: string) {
  let at = 0;
  let turn = 0;
  const readable = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= answer.length) return controller.close();
      const size = pieces[turn++ % pieces.length] as number;
      controller.enqueue(answer.slice(at, at + size));
      at += size;
    },
  });
  const connection = { readable, writable: new WritableStream(), close: async () => undefined };
  const request = {
    method,
    target: "/",
    host: "h",
    headers: new Headers(),
    body: { is: "none" },
    upgrade: undefined,
    signal: undefined,
  } as const;
  const limits = { timers, sendTimeoutMs: LIMIT_MS, readTimeoutMs: LIMIT_MS };
  try {
    const { head, body, framing } = await exchange(connection, request, limits);
    const text = body ? await readAll(body) : "none";
    return JSON.stringify([head.status, head.reason, head.fields, framing, text]);
  } catch (error) {
    if (error instanceof UpstreamFailure) return `${error.kind}: ${error.message}`;
    throw error;
  }
}

/** The body; where it breaks off, only why: how much came before may depend on the pieces. */
async function readAll(body: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  try {
    for await (const piece of body) text += String.fromCharCode(...piece);
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    return `${error.kind}: ${error.message}`;
  }
  return text;
}

function anAnswer(random: Random): string {
  const status = random.pick([200, 204, 304, 404, 500, 206, 205]);
  const body = random.pick(["", "x", "hello world", "a\r\nb\r\n\r\nc", "z".repeat(5000)]);
  const informational = random.chance(0.2) ? "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" : "";
  const extra = random.pick(["", "X-A: 1\r\n", "X-B:\r\nX-B:  two \r\n", "X-C: caf\xc3\xa9\r\n"]);
  const head = `${informational}HTTP/1.1 ${status} OK\r\n${extra}`;
  switch (random.below(3)) {
    case 0:
      return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    case 1:
      return `${head}Transfer-Encoding: chunked\r\n\r\n${chunked(random, body)}`;
    default:
      return `${head}\r\n${body}`;
  }
}

function chunked(random: Random, body: string): string {
  let text = "";
  for (let at = 0; at < body.length; ) {
    const size = 1 + random.below(body.length - at);
    const extension = random.chance(0.3) ? ";name=value" : "";
    text += `${size.toString(16)}${extension}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${text}0\r\n${random.chance(0.3) ? "X-Trailer: 1\r\n" : ""}\r\n`;
}

const TRICKS = [
  "\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  "\0",
  ":",
  "0",
  "-1",
  "\xff",
  "Content-Length: 3\r\n",
];

function mutated(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + random.pick(TRICKS) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random.below(4));
    default:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
  }
}

function cuts(random: Random): number[] {
  return Array.from(
    { length: 1 + random.below(5) },
    () => 1 + random.below(random.pick([1, 8, 400])),
  );
}

describe(`HTTP/1.1 answers (SEED=${seed})`, () => {
  it("mean the same in one piece and in any other", async () => {
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const whole = anAnswer(random);
      const text = random.chance(0.5) ? whole : mutated(random, whole);
      const bytes = bytesOf(text);
      const method = random.pick(["GET", "GET", "HEAD"]);
      const once = await outcome(bytes, [bytes.length + 1], method);
      const sizes = cuts(random);
      const note = `round ${round}, pieces of ${sizes}, ${JSON.stringify(text.slice(0, 300))}`;
      expect(await outcome(bytes, sizes, method), note).toBe(once);
      expect(await outcome(bytes, [1], method), note).toBe(once);
    }
  });

  it("that are whole are never refused, and keep their body", async () => {
    const random = seededRandom(seed + 1);
    for (let round = 0; round < ROUNDS; round++) {
      const text = anAnswer(random);
      expect(await outcome(bytesOf(text), cuts(random), "GET"), text.slice(0, 300)).toMatch(/^\[/);
    }
  });

  it("that are garbage are failures with a name", async () => {
    const random = seededRandom(seed + 2);
    for (let round = 0; round < ROUNDS; round++) {
      const garbage = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
      expect(await outcome(garbage, cuts(random), "GET")).toMatch(/^(malformed|broken): /);
    }
  });

  it("of a hundred thousand bytes, one at a time, cost time in proportion", async () => {
    const text = `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(100_000)}\r\nContent-Length: 2\r\n\r\nok`;
    expect(await outcome(bytesOf(text), [1], "GET")).toContain('"ok"');
  });
});
