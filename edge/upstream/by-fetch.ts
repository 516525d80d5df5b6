import { UpstreamFailure } from "./failure.ts";
import { clientResponseHeaders } from "./response-headers.ts";
import { within } from "./timers.ts";
import type { DialDeps, UpstreamRequest } from "./upstream-request.ts";

/**
 * A node reached by the platform's `fetch`. It does not tell a refused connection from one that broke, nor
 * the time of connecting from that of answering: so a failure counts as sent, and the head may take as
 * long as connecting and reading together.
 */
export async function byFetch(request: UpstreamRequest, deps: DialDeps): Promise<Response> {
  const { plan, method, target, websocket, timeout } = request;
  const headers = new Headers(request.headers);
  if (websocket) headers.set("upgrade", "websocket");
  const aborting = new AbortController();
  const limitMs = (timeout.connect + timeout.read) * 1000;
  const late = () => new UpstreamFailure("timeout", true, `no answer within ${limitMs} ms`);
  try {
    const answer = await within(
      deps.timers,
      limitMs,
      deps.fetch(plan.origin + target, {
        method,
        headers,
        body: request.body,
        redirect: "manual",
        signal: aborting.signal,
      }),
      late,
    );
    return toClient(answer, deps);
  } catch (cause) {
    aborting.abort();
    if (cause instanceof UpstreamFailure) throw cause;
    throw new UpstreamFailure("broken", true, "fetch failed", { cause });
  }
}

/** Answers that Cloudflare gives in an upstream's place when it cannot be reached. */
const PLATFORM_FAILURES: Readonly<Record<number, "refused" | "broken" | "timeout">> = {
  520: "broken",
  521: "refused",
  522: "refused",
  523: "refused",
  524: "timeout",
  525: "refused",
  526: "refused",
  530: "refused",
};

function toClient(answer: Response, { server }: DialDeps): Response {
  const failure = PLATFORM_FAILURES[answer.status];
  if (failure && answer.headers.get("server") === "cloudflare") {
    throw new UpstreamFailure(
      failure,
      failure !== "refused",
      `Cloudflare answered ${answer.status}`,
    );
  }
  const headers = clientResponseHeaders(answer.headers, server);
  const { status, statusText, webSocket } = answer;
  if (webSocket) return new Response(null, { status, headers, webSocket });
  // The body is passed on untouched, so an encoded one stays as the upstream encoded it.
  return new Response(answer.body, { status, statusText, headers, encodeBody: "manual" });
}
