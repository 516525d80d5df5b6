import type { Exchange } from "./exchange.ts";

/**
 * What data-mask says to the loggers, which run after it. Everything that they read from the exchange then,
 * headers, arguments, variables and a body that was read, has been masked in place. What they kept of a body
 * themselves while it passed, and that is all that lies elsewhere, they put to the mask.
 */
export interface LogMask {
  /**
   * The same body without what is not to be told; undefined where that cannot be found any more, as in the
   * beginning of a body: then it is not to be logged.
   */
  body(bytes: Uint8Array, extent: "whole" | "beginning"): Uint8Array | undefined;
}

const masks = new WeakMap<Exchange, LogMask[]>();

/** Undefined: nothing is to be masked. */
export function maskFor(exchange: Exchange): LogMask | undefined {
  const registered = masks.get(exchange);
  return registered && { body: (bytes, extent) => throughAll(registered, bytes, extent) };
}

/** For the log phase of one request; several, of a global rule and a route, follow each other. */
export function registerMask(exchange: Exchange, mask: LogMask): void {
  const registered = masks.get(exchange);
  if (registered) registered.push(mask);
  else masks.set(exchange, [mask]);
}

function throughAll(
  all: readonly LogMask[],
  bytes: Uint8Array,
  extent: "whole" | "beginning",
): Uint8Array | undefined {
  let masked: Uint8Array | undefined = bytes;
  for (const mask of all) masked = masked && mask.body(masked, extent);
  return masked;
}
