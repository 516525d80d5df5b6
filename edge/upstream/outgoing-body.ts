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

/**
 * `method` is the one that is sent, `ahead` the body where it was read before. A promise only where it is
 * to be read now, which rejects with `ClientFailure`.
 */
export function outgoingBody(
  request: Request,
  method: string,
  ahead: Uint8Array | ReadableStream<Uint8Array> | undefined,
): OutgoingBody | Promise<OutgoingBody> {
  if (ahead instanceof Uint8Array) return whole(ahead, method);
  const stream = ahead ?? request.body;
  if (stream === null) return NO_BODY;
  const length = announcedLength(request.headers);
  if (ahead === undefined && length !== undefined && length <= KEPT_BODY_BYTES) {
    return request.arrayBuffer().then(
      (bytes) => whole(new Uint8Array(bytes), method),
      (cause: unknown) => {
        throw new ClientFailure("the client's body was cut", { cause });
      },
    );
  }
  return { body: { is: "stream", stream, length }, canBeSent: () => !stream.locked };
}

function whole(bytes: Uint8Array, method: string): OutgoingBody {
  const isEmptyGet = bytes.length === 0 && isBodiless(method);
  return always(isEmptyGet ? { is: "none" } : { is: "bytes", bytes });
}

/** Methods with which `fetch` sends no body. */
export function isBodiless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

const NO_BODY = always({ is: "none" });

function always(body: RequestBody): OutgoingBody {
  return { body, canBeSent: () => true };
}
