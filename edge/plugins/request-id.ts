import type { Exchange } from "./exchange.ts";
import { definePlugin } from "./plugin.ts";
import { createRequestIds, type RequestIdAlgorithm } from "./request-ids.ts";

interface RequestIdConfiguration {
  readonly header_name: string;
  readonly include_in_response: boolean;
  readonly algorithm: RequestIdAlgorithm;
  readonly range_id: { readonly length: number; readonly char_set: string };
}

/** `request-id`: the client's id or one of our own, for the upstream and in the answer (reference 8.4). */
export const requestId = definePlugin<RequestIdConfiguration>((deps) => ({
  build({ header_name: name, include_in_response: isTold, algorithm, range_id: range }) {
    const next = createRequestIds(algorithm, range, deps);
    const ids = new WeakMap<Exchange, string>();
    return {
      rewrite(exchange) {
        const given = exchange.header(name);
        const id = given || next();
        if (!given) exchange.headers.set(name, id);
        ids.set(exchange, id);
        exchange.setVariable("apisix_request_id", id);
        return undefined;
      },
      headerFilter(exchange, { headers }) {
        // A consumer's settings have not rewritten the request where the route's had.
        const id = ids.get(exchange) ?? exchange.header(name);
        if (isTold && id && !headers.has(name)) headers.set(name, id);
      },
    };
  },
}));
