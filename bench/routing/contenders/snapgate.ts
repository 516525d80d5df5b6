import { ChunkCache } from "../../../edge/snapshot/chunk-cache.ts";
import type { Variables } from "../../../shared/expression/variables.ts";
import type { Facts } from "../../../shared/routing/facts.ts";
import { RouteIndex } from "../../../shared/routing/route-index.ts";
import type { RouteMatch } from "../../../shared/routing/route-match.ts";
import { chunkName } from "../../../shared/snapshot/format.ts";
import { openChunk } from "../../../shared/snapshot/open-chunk.ts";
import type { BuiltRouter, RouterInput } from "../contender.ts";
import { unpackIndex } from "../packed-index.ts";

/** The route index as the edge holds it, with all of its chunks in memory. */
export function build(input: RouterInput): BuiltRouter {
  const find = openIndex(input);
  return { match: (method, host, path, values) => find(method, host, path, values)?.routeId };
}

export function openIndex({
  packed,
}: RouterInput): (...request: Parameters<BuiltRouter["match"]>) => RouteMatch | undefined {
  const { router, root, bytes } = unpackIndex(packed);
  const chunks = new ChunkCache(Number.POSITIVE_INFINITY);
  for (const [sha256, chunk] of bytes) {
    chunks.set(sha256, openChunk(chunk, chunkName({ sha256 })), chunk.length);
  }
  const index = new RouteIndex(router, root, chunks);
  const request = new RequestInHand();
  return (method, host, uri, values) => {
    request.method = method;
    request.host = host;
    request.hostHeader = host;
    request.uri = uri;
    request.values = values;
    return index.match(request);
  };
}

/** The input is ready, as it is for the others: a server has read the request whatever finds its route. */
class RequestInHand implements Facts {
  method = "";
  host = "";
  hostHeader = "";
  uri = "";
  values: Readonly<Record<string, string>> = {};
  readonly remoteAddr = "203.0.113.7";
  readonly variables: Variables = { get: (name) => this.values[name] };
}
