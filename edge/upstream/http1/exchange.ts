import { ByteSource } from "../byte-source.ts";
import { ClientFailure, UpstreamFailure } from "../failure.ts";
import { ClientBody, type Sink, sendBytes } from "../sending.ts";
import type { Timers } from "../timers.ts";
import { type BodyDecoder, bodyDecoder } from "./body-decoder.ts";
import { HeadCollector } from "./head-collector.ts";
import { type Framing, framingOf, MalformedResponse, type ResponseHead } from "./message-head.ts";
import { type BodyFraming, type RequestHead, requestHeadBytes } from "./request-head.ts";

/**
 * One HTTP/1.1 request and its response over a connection of its own (`Connection: close`). Written here
 * because no HTTP client runs on `cloudflare:sockets`, and `fetch` can neither send a Host other than the
 * URL's nor reach a bare IP address. What it makes of every kind of answer: CONFORMANCE.md.
 */

/** As much of a socket as the exchange needs. */
export interface Connection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
}

export interface ExchangeRequest extends Omit<RequestHead, "framing"> {
  readonly body: RequestBody;
  /** Ends the exchange and closes the connection. */
  readonly signal: AbortSignal | undefined;
}

/** `bytes` are at hand; a `stream` of `length` bytes comes as the client sends it. */
export type RequestBody =
  | { readonly is: "none" }
  | { readonly is: "bytes"; readonly bytes: Uint8Array }
  | {
      readonly is: "stream";
      readonly stream: ReadableStream<Uint8Array>;
      readonly length: number | undefined;
    };

export interface ExchangeLimits {
  readonly timers: Timers;
  readonly sendTimeoutMs: number;
  /** Between two pieces from the upstream, counted from the end of sending. */
  readonly readTimeoutMs: number;
}

export interface ExchangeResponse {
  readonly head: ResponseHead;
  readonly framing: Framing;
  /** Null where there is none. Errors when the upstream ends it early. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** After a 101: what the upstream sends from here on. */
  readonly source: ByteSource;
}

/** An upstream may close its side of sending after a failed write only a moment before its answer comes. */
const ANSWER_AFTER_FAILED_SEND_MS = 200;
/** Told at once, a body's failure would have the platform drop what came before, up to the head. */
const FAILURE_IS_TOLD_AFTER_MS = 5;
const MAX_INFORMATIONAL_HEADS = 32;

/**
 * Throws `UpstreamFailure`, or `ClientFailure` where the client's side is at fault, as long as no response
 * head has come; after that the body's stream errors.
 */
export async function exchange(
  connection: Connection,
  request: ExchangeRequest,
  limits: ExchangeLimits,
): Promise<ExchangeResponse> {
  const source = new ByteSource(connection.readable, limits.timers, limits.readTimeoutMs);
  const sending = startSending(connection, request, limits);
  const close = closer(connection, source, sending.stop);
  request.signal?.addEventListener("abort", close);
  try {
    if (request.signal?.aborted) throw new ClientFailure("the client went away");
    const head = await Promise.race([
      readHead(source, request.upgrade !== undefined),
      failedSend(sending.done, source, limits.timers),
    ]);
    const framing = framingOf(head, request.method);
    if (head.status === 101) {
      await sending.done;
      return { head, framing, body: null, source };
    }
    if (framing.is === "none") {
      close();
      return { head, framing, body: null, source };
    }
    const stream = { source, decoder: bodyDecoder(framing), close, timers: limits.timers };
    return { head, framing, body: bodyStream(stream), source };
  } catch (error) {
    close();
    throw request.signal?.aborted ? new ClientFailure("the client went away") : named(error);
  }
}

/** Closes once, and waits for nothing: an upstream that hangs must not hold an answer up. */
function closer(connection: Connection, source: ByteSource, stopSending: () => void): () => void {
  let isClosed = false;
  return () => {
    if (isClosed) return;
    isClosed = true;
    stopSending();
    void source.cancel();
    void connection.close().catch(() => undefined);
  };
}

interface Sending {
  readonly done: Promise<void>;
  readonly stop: () => void;
}

function startSending(
  connection: Connection,
  request: ExchangeRequest,
  { timers, sendTimeoutMs }: ExchangeLimits,
): Sending {
  const { body } = request;
  const writer = connection.writable.getWriter();
  const sink: Sink = { writer, timers, limitMs: sendTimeoutMs };
  const clientBody = body.is === "stream" ? new ClientBody(body.stream, body.length) : undefined;
  const send = async () => {
    await sendBytes(sink, requestHeadBytes({ ...request, framing: bodyFraming(body) }));
    if (body.is === "bytes" && body.bytes.length > 0) await sendBytes(sink, body.bytes);
    if (clientBody) await sendClientBody(sink, clientBody);
    writer.releaseLock();
  };
  const done = send();
  // Who waits for it sees the failure; where an answer came first, nobody waits any more.
  done.catch(() => undefined);
  return { done, stop: () => clientBody?.stop() };
}

function bodyFraming(body: RequestBody): BodyFraming {
  if (body.is === "none") return body;
  if (body.is === "bytes") return { is: "length", bytes: body.bytes.length };
  return body.length === undefined ? { is: "chunked" } : { is: "length", bytes: body.length };
}

async function sendClientBody(sink: Sink, body: ClientBody): Promise<void> {
  const encoder = new TextEncoder();
  const isChunked = body.length === undefined;
  for (let piece = await body.next(); piece; piece = await body.next()) {
    if (isChunked) await sendBytes(sink, encoder.encode(`${piece.length.toString(16)}\r\n`));
    await sendBytes(sink, piece);
    if (isChunked) await sendBytes(sink, encoder.encode("\r\n"));
  }
  if (isChunked) await sendBytes(sink, encoder.encode("0\r\n\r\n"));
}

/**
 * Rejects when sending fails: at once where the client is the cause, else after a moment, for an upstream
 * may answer before it has read the whole body and stop reading. Once all is sent the reading clock runs.
 */
function failedSend(done: Promise<void>, source: ByteSource, timers: Timers): Promise<never> {
  return new Promise((_, reject) => {
    done.then(
      () => source.startClock(),
      (error: unknown) => {
        if (error instanceof ClientFailure) reject(error);
        else timers.after(ANSWER_AFTER_FAILED_SEND_MS, () => reject(error));
      },
    );
  });
}

/** Heads of 1xx are skipped, but a 101 that was asked for. */
async function readHead(source: ByteSource, mayUpgrade: boolean): Promise<ResponseHead> {
  const collector = new HeadCollector();
  for (let informational = 0; informational <= MAX_INFORMATIONAL_HEADS; ) {
    const head = collector.take();
    if (head && (head.status >= 200 || (head.status === 101 && mayUpgrade))) {
      source.unread(collector.rest());
      return head;
    }
    if (head?.status === 101) throw new MalformedResponse("101 without an upgrade asked for");
    if (head) {
      informational += 1;
      continue;
    }
    const piece = await source.next();
    if (!piece) throw new UpstreamFailure("broken", true, "the upstream ended before its head did");
    collector.push(piece);
  }
  throw new MalformedResponse(`more than ${MAX_INFORMATIONAL_HEADS} heads of 1xx`);
}

interface IncomingBody {
  readonly source: ByteSource;
  readonly decoder: BodyDecoder;
  readonly close: () => void;
  readonly timers: Timers;
}

function bodyStream({ source, decoder, close, timers }: IncomingBody): ReadableStream<Uint8Array> {
  // An upstream that answers before it has read the whole request is held to the clock from here on.
  source.startClock();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const isWhole = await pullSome(source, decoder, (data) => controller.enqueue(data));
          if (!isWhole) return;
          close();
          controller.close();
        } catch (error) {
          close();
          await new Promise<void>((resolve) => timers.after(FAILURE_IS_TOLD_AFTER_MS, resolve));
          controller.error(named(error));
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

/** Passes on what comes next of a body; true once the body is whole. */
async function pullSome(
  source: ByteSource,
  decoder: BodyDecoder,
  pass: (data: Uint8Array) => void,
): Promise<boolean> {
  while (!decoder.isDone) {
    const piece = await source.next();
    if (!piece) {
      if (decoder.end()) return true;
      throw new UpstreamFailure("broken", true, "the upstream cut its body");
    }
    const body = decoder.decode(piece);
    body.forEach(pass);
    if (body.length > 0) return decoder.isDone;
  }
  return true;
}

function named(error: unknown): Error {
  if (error instanceof MalformedResponse) {
    const detail = `no valid HTTP/1.1 response: ${error.message}`;
    return new UpstreamFailure("malformed", true, detail, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}
