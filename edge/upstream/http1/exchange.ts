import { UpstreamFailure } from "../failure.ts";
import type { Timers } from "../timers.ts";
import { within } from "../timers.ts";
import { ByteSource } from "./byte-source.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import {
  type Framing,
  framingOf,
  headEnd,
  MAX_HEAD_BYTES,
  MalformedResponse,
  parseHead,
  type ResponseHead,
} from "./message-head.ts";
import { requestHead, requestPieces } from "./request-bytes.ts";

/**
 * One HTTP/1.1 request and its response over a connection of its own (`Connection: close`). Written here
 * because no HTTP client runs on `cloudflare:sockets`, and `fetch` can neither send a Host other than the
 * URL's nor reach a bare IP address.
 */

/** As much of a socket as the exchange needs. */
export interface Connection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
}

export interface ExchangeRequest {
  readonly method: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  readonly host: string;
  /** Without Host and hop-by-hop headers. */
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
  /** An upgrade is asked for: these are sent as they are, and a 101 is an answer. */
  readonly upgrade?: string | undefined;
}

export interface ExchangeLimits {
  readonly timers: Timers;
  readonly sendTimeoutMs: number;
  readonly readTimeoutMs: number;
}

export interface ExchangeResponse {
  readonly head: ResponseHead;
  /** Null where there is none. Errors when the upstream ends it early. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** After a 101: what the upstream sends from here on. */
  readonly source: ByteSource;
}

/** Throws `UpstreamFailure` as long as no response head has come; then the body's stream errors. */
export async function exchange(
  connection: Connection,
  request: ExchangeRequest,
  limits: ExchangeLimits,
): Promise<ExchangeResponse> {
  const source = new ByteSource(connection.readable, limits.timers, limits.readTimeoutMs);
  const close = async () => {
    await source.cancel();
    await connection.close().catch(() => undefined);
  };
  try {
    const head = await sendAndAwaitHead(connection, request, limits, source);
    if (head.status === 101) return { head, body: null, source };
    const framing = framingOf(head, request.method);
    if (framing.is === "none") {
      await close();
      return { head, body: null, source };
    }
    return { head, body: bodyStream(source, framing, close), source };
  } catch (error) {
    await close();
    throw asFailure(error);
  }
}

/** An upstream may answer before it has read the whole body; then sending ends without harm. */
async function sendAndAwaitHead(
  connection: Connection,
  request: ExchangeRequest,
  limits: ExchangeLimits,
  source: ByteSource,
): Promise<ResponseHead> {
  let answered = false;
  const sending = send(connection, request, limits).catch((error: unknown) => {
    if (answered) return;
    throw error;
  });
  const heading = readHead(source, request.upgrade !== undefined).then((head) => {
    answered = true;
    return head;
  });
  // Where sending fails, the head that may already be on its way still counts, but is not waited for long.
  const failedSend = new Promise<never>((_, reject) => {
    sending.catch((error: unknown) =>
      limits.timers.after(SEND_FAILURE_GRACE_MS, () => reject(error)),
    );
  });
  return Promise.race([heading, failedSend]);
}

const SEND_FAILURE_GRACE_MS = 200;

async function send(
  connection: Connection,
  request: ExchangeRequest,
  { timers, sendTimeoutMs }: ExchangeLimits,
): Promise<void> {
  const writer = connection.writable.getWriter();
  const late = () =>
    new UpstreamFailure("timeout", true, `no byte was taken for ${sendTimeoutMs} ms`);
  const write = async (bytes: Uint8Array) => {
    try {
      await within(timers, sendTimeoutMs, writer.write(bytes), late);
    } catch (cause) {
      if (cause instanceof UpstreamFailure) throw cause;
      throw new UpstreamFailure("broken", true, "the connection was lost while sending", { cause });
    }
  };
  try {
    await write(requestHead(request));
    for await (const piece of requestPieces(request)) await write(piece);
  } finally {
    writer.releaseLock();
  }
}

/** Heads of 1xx are skipped, but a 101 that was asked for. */
async function readHead(source: ByteSource, mayUpgrade: boolean): Promise<ResponseHead> {
  let held = new Uint8Array();
  for (;;) {
    const end = headEnd(held);
    if (end >= 0) {
      const head = parseHead(held.subarray(0, end));
      held = held.slice(end);
      if (head.status >= 200 || (head.status === 101 && mayUpgrade)) {
        source.unread(held);
        return head;
      }
      if (head.status === 101) throw new MalformedResponse("101 without an upgrade asked for");
      continue;
    }
    if (held.length > MAX_HEAD_BYTES)
      throw new MalformedResponse(`a head over ${MAX_HEAD_BYTES} bytes`);
    const piece = await source.next();
    if (!piece) throw new UpstreamFailure("broken", true, "the upstream ended before its head did");
    const joined = new Uint8Array(held.length + piece.length);
    joined.set(held);
    joined.set(piece, held.length);
    held = joined;
  }
}

function bodyStream(
  source: ByteSource,
  framing: Exclude<Framing, { is: "none" }>,
  close: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const pieces = bodyPieces(source, framing);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          controller.close();
        } catch (error) {
          controller.error(asFailure(error));
        }
        await close();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

async function* bodyPieces(
  source: ByteSource,
  framing: Exclude<Framing, { is: "none" }>,
): AsyncGenerator<Uint8Array, undefined> {
  const decoder = framing.is === "chunked" ? new ChunkedDecoder() : undefined;
  let remaining = framing.is === "length" ? framing.bytes : Number.POSITIVE_INFINITY;
  while (decoder ? !decoder.isDone : remaining > 0) {
    const piece = await source.next();
    if (!piece) {
      if (framing.is === "until-close") return undefined;
      throw new UpstreamFailure("broken", true, "the upstream ended in the middle of its body");
    }
    if (decoder) {
      for (const data of decoder.decode(piece)) if (data.length > 0) yield data;
      continue;
    }
    // What comes after the announced length belongs to nothing: the connection is used once.
    const data = piece.subarray(0, Math.min(piece.length, remaining));
    remaining -= data.length;
    if (data.length > 0) yield data;
  }
  return undefined;
}

function asFailure(error: unknown): Error {
  if (error instanceof MalformedResponse) {
    return new UpstreamFailure("broken", true, `no valid HTTP/1.1 response: ${error.message}`, {
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error(String(error));
}
