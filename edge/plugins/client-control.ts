import { KEPT_BODY_BYTES } from "../upstream/outgoing-body.ts";
import { announcedLength } from "../upstream/sending.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

interface ClientControlConfiguration {
  /** 0: no limit. */
  readonly max_body_size?: number;
}

/** `client-control`: limits the length of request bodies (reference 8.2). */
export const clientControl = definePlugin<ClientControlConfiguration>(() => ({
  build({ max_body_size: maxBytes = 0 }) {
    return maxBytes === 0 ? {} : { rewrite: (exchange) => limit(exchange, maxBytes) };
  },
}));

const TOO_LARGE: Exit = { status: 413 };

/**
 * nginx reads a body to its end before it asks the upstream. Here that is done with what fits a buffer; of
 * a longer one without a Content-Length the upstream gets the beginning, and then the request breaks off.
 */
async function limit(exchange: Exchange, maxBytes: number): Promise<Exit | undefined> {
  const length = announcedLength(exchange.request.headers);
  // The platform holds a body to its Content-Length.
  if (length !== undefined) return length > maxBytes ? TOO_LARGE : undefined;
  if (exchange.request.body === null) return undefined;
  if (maxBytes <= KEPT_BODY_BYTES) {
    return (await exchange.readBody(maxBytes)) === "too long" ? TOO_LARGE : undefined;
  }
  exchange.limitBody(maxBytes);
  return undefined;
}
