import { announcedLength } from "./sending.ts";
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
  const length = announcedLength(headers);
  const { readable, writable } =
    length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  body.pipeTo(writable).then(
    () => end("whole"),
    () => end("cut"),
  );
  return new Response(readable, { status, statusText, headers, encodeBody: "manual" });
}

function once(ended: (end: AnswerEnd) => void): (end: AnswerEnd) => void {
  let isEnded = false;
  return (end) => {
    if (isEnded) return;
    isEnded = true;
    ended(end);
  };
}
