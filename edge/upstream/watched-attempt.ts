import type { EndAttempt } from "../balancer/balancer.ts";
import { announcedLength } from "./sending.ts";
import { sized } from "./sized-body.ts";
import { watchedBody } from "./watched-body.ts";
import { relayWebSocket } from "./websocket/relay.ts";

/** One attempt, whose balancer hears of its end, whatever that is. */
export interface WatchedAttempt {
  /** The same answer, heard of when the last of it has passed: of its body, or of its WebSocket. */
  answered(answer: Response): Response;
  /** There was no answer. */
  failed(): void;
}

/**
 * `waitUntil` is the platform's: without it, work for a request may stop when its client goes, and the end
 * would never be heard of. `signal` aborts then.
 */
export function watchAttempt(
  ended: EndAttempt,
  signal: AbortSignal,
  waitUntil: (work: Promise<unknown>) => void,
): WatchedAttempt {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let isEnded = false;
  const end: EndAttempt = (how) => {
    if (isEnded) return;
    isEnded = true;
    ended(how);
    resolve();
  };
  waitUntil(done);
  signal.addEventListener("abort", () => end("cut"));
  return {
    answered(answer) {
      const { body, headers, status, statusText, webSocket } = answer;
      if (webSocket) {
        // It keeps its request going by itself, for longer than the platform would wait.
        resolve();
        const relayed = relayWebSocket(webSocket, () => end("whole"));
        return new Response(null, { status, headers, webSocket: relayed });
      }
      if (body === null) {
        end("whole");
        return answer;
      }
      const watched = sized(watchedBody(body, { end }), announcedLength(headers));
      return new Response(watched, { status, statusText, headers, encodeBody: "manual" });
    },
    failed: () => end("cut"),
  };
}
