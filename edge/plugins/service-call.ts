import { joinBytes } from "../join-bytes.ts";
import { within } from "../upstream/timers.ts";
import type { PluginDeps } from "./plugin.ts";

/** A question to a service beside the upstreams, on whose answer a request waits. */
export interface ServiceCall {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers?: Headers | Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** For the whole answer. */
  readonly timeoutMs: number;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** The service cannot be reached, is too slow, or says too much. */
export class ServiceUnavailable extends Error {
  override readonly name = "ServiceUnavailable";
}

/** What is longer is no decision, token or key set, and must not fill the isolate's memory. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * The whole answer. A redirect is an answer like any other: where the configuration points is where we go
 * and nowhere else. Throws a `ServiceUnavailable`.
 */
export async function callService(
  { url, timeoutMs, ...call }: ServiceCall,
  { fetch, timers }: Pick<PluginDeps, "fetch" | "timers">,
): Promise<ServiceAnswer> {
  const abort = new AbortController();
  const ask = async () => {
    const { method, headers = {}, body = null } = call;
    const init = { method, headers, body, redirect: "manual" as const, signal: abort.signal };
    const response = await fetch(url, init);
    return {
      status: response.status,
      headers: response.headers,
      body: await wholeBody(response),
    };
  };
  try {
    return await within(timers, timeoutMs, ask(), () => new Error(`nothing in ${timeoutMs} ms`));
  } catch (cause) {
    abort.abort();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceUnavailable(`${withoutQuery(url)}: ${reason}`, { cause });
  }
}

async function wholeBody({ body }: Response): Promise<Uint8Array> {
  if (!body) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body as ReadableStream<Uint8Array>) {
    size += piece.length;
    if (size > MOST_BYTES) throw new Error(`its answer is longer than ${MOST_BYTES} bytes`);
    pieces.push(piece);
  }
  return joinBytes(pieces, size);
}

/** For the log: a query may hold what is nobody's business. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}
