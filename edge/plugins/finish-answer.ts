import { announcedLength } from "../upstream/sending.ts";
import { sized } from "../upstream/sized-body.ts";
import { type BodyEnd, watchedBody } from "../upstream/watched-body.ts";
import type { AnswerHead } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";
import type { BodyFilter } from "./plugin.ts";

export interface Unfinished {
  readonly response: Response;
  /** Its head, after the header filters. */
  readonly head: AnswerHead;
  /** In the order in which they see the body. */
  readonly filters: readonly BodyFilter[];
  readonly exchange: Exchange;
  /** Called once, when the body has gone; undefined: nobody wants to know. */
  readonly ended: ((outcome: Outcome) => Promise<void>) | undefined;
}

/** The answer as the client gets it. One that nobody filters or waits for is passed on as it is. */
export function finishAnswer({ response, head, filters, exchange, ended }: Unfinished): Response {
  const { status, headers } = head;
  const tell = ended && endOnce(head, exchange, ended);
  const passes = head.mayHaveBody ? response.body : null;
  if (passes === null && response.body !== null && status !== response.status) {
    // A filter has made it a status without a body.
    void response.body.cancel();
    tell?.("whole");
    return new Response(null, { status, headers });
  }
  if (response.webSocket || (filters.length === 0 && (passes === null || !tell))) {
    tell?.("whole");
    if (status === response.status) return response;
    return new Response(response.body, { status, headers, encodeBody: "manual" });
  }
  let body = passes ?? emptyBody();
  for (const filter of filters) body = filter(body);
  if (tell) body = watchedBody(body, { end: tell, piece: (piece) => count(exchange, piece) });
  const length = announcedLength(headers);
  return new Response(sized(body, length), { status, headers, encodeBody: "manual" });
}

function count(exchange: Exchange, piece: Uint8Array): void {
  exchange.bodyBytes += piece.length;
}

/** The platform goes on with the log phase when the client has its answer, or has gone. */
function endOnce(
  { status, headers, source }: AnswerHead,
  exchange: Exchange,
  ended: NonNullable<Unfinished["ended"]>,
): (end: BodyEnd) => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  exchange.waitUntil(promise);
  let isEnded = false;
  return (end) => {
    if (isEnded) return;
    isEnded = true;
    const { bodyBytes, now } = exchange;
    const endedAt = now();
    exchange.endedAt = endedAt;
    const outcome = { status, headers, source, bodyBytes, end, endedAt };
    resolve(ended(outcome));
  };
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
