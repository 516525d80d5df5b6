import { announcedLength } from "./sending.ts";
import { sized } from "./sized-body.ts";
import { relayWebSocket } from "./websocket/relay.ts";

/** How an answer ended for the client. `cut`: the upstream or the client broke it off. */
export type AnswerEnd = "whole" | "cut";

/**
 * The same answer, with `ended` called once when the last of it has passed: of its body, or of its
 * WebSocket. `signal` aborts when the client goes away.
 */
export function watchedToEnd(
  answer: Response,
  signal: AbortSignal,
  ended: (end: AnswerEnd) => void,
): Response {
  const { body, headers, status, statusText, webSocket } = answer;
  const end = once(ended);
  if (webSocket) {
    const relayed = relayWebSocket(webSocket, () => end("whole"));
    return new Response(null, { status, headers, webSocket: relayed });
  }
  if (body === null) {
    end("whole");
    return answer;
  }
  // The platform may stop all work for a request whose client has gone: this is heard before.
  signal.addEventListener("abort", () => end("cut"));
  const watched = sized(watchedBody(body, end), announcedLength(headers));
  return new Response(watched, { status, statusText, headers, encodeBody: "manual" });
}

/** Piece by piece: workerd never ends a pipe from one of its own sized streams into another. */
function watchedBody(
  body: ReadableStream<Uint8Array>,
  end: (end: AnswerEnd) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          end("cut");
          throw error;
        });
        if (!done) {
          controller.enqueue(value);
          return;
        }
        end("whole");
        controller.close();
      },
      cancel: (reason) => {
        end("cut");
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function once(ended: (end: AnswerEnd) => void): (end: AnswerEnd) => void {
  let isEnded = false;
  return (end) => {
    if (isEnded) return;
    isEnded = true;
    ended(end);
  };
}
