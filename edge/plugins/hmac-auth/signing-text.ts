import type { Exchange } from "../exchange.ts";
import type { SignatureHeader } from "./signature-header.ts";

/** Stands among the names of signed headers for method, path and query. */
const REQUEST_TARGET = "@request-target";

/**
 * What the client has signed: a line each for its key's id and for what it lists (reference 8.1). A
 * listed header that is not there is left out, so that its absence is what is signed. Undefined where the
 * decoded path has a line feed: a signed header of another request could be hidden in it.
 */
export function signingText(
  exchange: Exchange,
  { keyId, headers }: SignatureHeader,
): string | undefined {
  const lines = [keyId];
  for (const name of headers) {
    if (name === REQUEST_TARGET) {
      const target = String(exchange.variables.get("request_uri"));
      if (target.includes("\n")) return undefined;
      lines.push(`${exchange.method} ${target}`);
    } else {
      const value = HEADER_NAME.test(name) ? exchange.header(name) : null;
      if (value !== null) lines.push(`${name}: ${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** No other name may be asked of `Headers`. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
