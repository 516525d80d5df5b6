import { ClientFailure } from "./failure.ts";
import type { RequestBody } from "./http1/exchange.ts";
import { announcedLength } from "./sending.ts";

/** A request's body, as far as it can be sent. */
export interface OutgoingBody {
  /** For one attempt. */
  readonly body: RequestBody;
  /** Whether an attempt can (still) send it. */
  canBeSent(): boolean;
}

/**
 * A body of a known length up to this is read before the first attempt, as nginx does with every body, so
 * that it can be sent to a second node. Anything else is streamed, and gone once a node has taken of it.
 */
export const KEPT_BODY_BYTES = 64 * 1024;

/** Throws `ClientFailure`. */
export async function outgoingBody(request: Request): Promise<OutgoingBody> {
  const stream = request.body;
  if (stream === null) return always({ is: "none" });
  const length = announcedLength(request.headers);
  if (length !== undefined && length <= KEPT_BODY_BYTES) {
    const bytes = await request.arrayBuffer().catch((cause: unknown) => {
      throw new ClientFailure("the client's body was cut", { cause });
    });
    const isEmptyGet = bytes.byteLength === 0 && isBodiless(request.method);
    return always(isEmptyGet ? { is: "none" } : { is: "bytes", bytes: new Uint8Array(bytes) });
  }
  return { body: { is: "stream", stream, length }, canBeSent: () => !stream.locked };
}

/** Methods with which `fetch` sends no body. */
export function isBodiless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function always(body: RequestBody): OutgoingBody {
  return { body, canBeSent: () => true };
}
