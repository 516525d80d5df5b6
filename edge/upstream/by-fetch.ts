import { ByteSource } from "./byte-source.ts";
import { ClientFailure, UpstreamFailure } from "./failure.ts";
import type { RequestBody } from "./http1/exchange.ts";
import { clientResponseHeaders } from "./response-headers.ts";
import { announcedLength, ClientBody, type Sink, sendBytes } from "./sending.ts";
import { sized } from "./sized-body.ts";
import type { Timers } from "./timers.ts";
import { type DialDeps, fetcherOf, type UpstreamRequest } from "./upstream-request.ts";

/**
 * A node reached by the platform's `fetch`. It does not tell a refused connection from one that broke, nor
 * the time of connecting from that of sending and answering: so a failure counts as sent, and the head may
 * take as long as connecting and reading together, counted from the end of the request's body.
 */
export async function byFetch(request: UpstreamRequest, deps: DialDeps): Promise<Response> {
  const { plan, method, target, websocket, signal } = request;
  const headers = websocket ? forUpgrade(request.headers) : request.headers;
  const aborting = new AbortController();
  signal?.addEventListener("abort", () => aborting.abort());
  const upload = startUpload(request, deps.timers);
  try {
    const fetching = fetcherOf(plan, deps).fetch(plan.origin + target, {
      method,
      headers,
      body: upload.body,
      redirect: "manual",
      signal: aborting.signal,
      // The body is passed on as the upstream encoded it; the response made of the answer does the same.
      encodeResponseBody: "manual",
    });
    const answer = await answerInTime(fetching, upload.done, request, deps.timers, aborting);
    return toClient(answer, request, deps, () => aborting.abort());
  } catch (cause) {
    const { reason } = aborting.signal;
    aborting.abort();
    if (signal?.aborted) throw new ClientFailure("the client went away", { cause });
    if (reason instanceof UpstreamFailure) throw reason;
    if (cause instanceof UpstreamFailure || cause instanceof ClientFailure) throw cause;
    throw new UpstreamFailure("broken", true, "fetch failed", { cause });
  }
}

function forUpgrade(headers: Headers): Headers {
  const own = new Headers(headers);
  own.set("upgrade", "websocket");
  return own;
}

interface Upload {
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
  /** Undefined: there is nothing to send piece by piece. */
  readonly done: Promise<void> | undefined;
}

function startUpload({ body, timeout }: UpstreamRequest, timers: Timers): Upload {
  if (body.is === "none") return { body: null, done: undefined };
  if (body.is === "bytes") return { body: body.bytes, done: undefined };
  const through = pipeOf(body);
  const writer = through.writable.getWriter();
  // Connecting is part of the wait for the first pieces to be taken.
  const sink: Sink = { writer, timers, limitMs: (timeout.connect + timeout.send) * 1000 };
  const clientBody = new ClientBody(body.stream, body.length);
  const send = async () => {
    for (let piece = await clientBody.next(); piece; piece = await clientBody.next()) {
      await sendBytes(sink, piece);
    }
    await writer.close();
  };
  const done = send().catch((error: unknown) => {
    clientBody.stop();
    void writer.abort(error).catch(() => undefined);
    throw error;
  });
  done.catch(() => undefined);
  return { body: through.readable, done };
}

/** With a length, the platform sends a Content-Length; without, the body goes in chunks. */
function pipeOf({ length }: Extract<RequestBody, { is: "stream" }>) {
  return length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
}

/** `fetch` knows best why the body was not taken, and says so a moment later. */
const REASON_AFTER_FAILED_UPLOAD_MS = 200;

/** Without an upload, a late `fetch` is aborted and rejects by itself: every promise costs each request. */
async function answerInTime(
  fetching: Promise<Response>,
  uploaded: Promise<void> | undefined,
  { timeout }: UpstreamRequest,
  timers: Timers,
  aborting: AbortController,
): Promise<Response> {
  const limitMs = (timeout.connect + timeout.read) * 1000;
  const late = () => new UpstreamFailure("timeout", true, `no answer for ${limitMs} ms`);
  if (uploaded !== undefined) return answerAfterUpload(fetching, uploaded, limitMs, late, timers);
  let isOver = false;
  // Not cancelled, which is dearer than the timer itself: it ends with the request, or finds it answered.
  timers.after(limitMs, () => {
    if (!isOver) aborting.abort(late());
  });
  try {
    return await fetching;
  } finally {
    isOver = true;
  }
}

function answerAfterUpload(
  fetching: Promise<Response>,
  uploaded: Promise<void>,
  limitMs: number,
  late: () => UpstreamFailure,
  timers: Timers,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let cancel = () => {};
    let isSettled = false;
    const rejectAfter = (ms: number, error: unknown) => {
      if (!isSettled) cancel = timers.after(ms, () => reject(error));
    };
    uploaded.then(
      () => rejectAfter(limitMs, late()),
      (error: unknown) => {
        if (error instanceof ClientFailure) reject(error);
        else rejectAfter(REASON_AFTER_FAILED_UPLOAD_MS, error);
      },
    );
    fetching.then(resolve, reject).finally(() => {
      isSettled = true;
      cancel();
    });
  });
}

/**
 * Answers that Cloudflare gives in an upstream's place when it cannot be reached: what each says of the
 * connection, and whether the request may have arrived.
 */
const PLATFORM_FAILURES = new Map<number, readonly ["refused" | "broken" | "timeout", boolean]>([
  [520, ["broken", true]],
  [521, ["refused", false]],
  // Either no connection, or no acknowledgement of the request on it.
  [522, ["timeout", true]],
  [523, ["refused", false]],
  [524, ["timeout", true]],
  [525, ["refused", false]],
  [526, ["refused", false]],
  [530, ["refused", false]],
]);

function toClient(
  answer: Response,
  request: UpstreamRequest,
  deps: DialDeps,
  abort: () => void,
): Response {
  const { status, webSocket } = answer;
  const failure = PLATFORM_FAILURES.get(status);
  if (failure && answer.headers.get("server") === "cloudflare") {
    void answer.body?.cancel();
    throw new UpstreamFailure(...failure, `Cloudflare answered ${status} in the node's place`);
  }
  if (webSocket) {
    const headers = clientResponseHeaders(new Headers(answer.headers), status, deps.server);
    headers.delete("sec-websocket-accept");
    return new Response(null, { status, headers, webSocket });
  }
  const body = request.limitsReads ? limited(answer, request, deps.timers, abort) : answer.body;
  // Made of the answer itself, which takes over status, headers and encoding without a copy in JavaScript.
  const response = new Response(body, answer);
  clientResponseHeaders(response.headers, status, deps.server);
  return response;
}

/**
 * The body, cut when nothing comes for the read time-out. It costs a copy of each piece, so it is done
 * where a time-out is configured; the default of 60 s is left to the platform's own limits.
 */
function limited(
  { body, headers }: Response,
  { timeout }: UpstreamRequest,
  timers: Timers,
  abort: () => void,
): ReadableStream<Uint8Array> | null {
  if (body === null) return null;
  const source = new ByteSource(body, timers, timeout.read * 1000);
  source.startClock();
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await source.next().catch((error: unknown) => {
          abort();
          throw error;
        });
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel: () => source.cancel(),
    },
    { highWaterMark: 0 },
  );
  return sized(stream, announcedLength(headers));
}
