import { ChunkCache } from "../../../edge/snapshot/chunk-cache.ts";
import type { Variables } from "../../../shared/expression/variables.ts";
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
  return (method, host, uri, values) =>
    index.match({
      method,
      uri,
      host,
      hostHeader: host,
      remoteAddr: "203.0.113.7",
      variables: new TableVariables(values),
    });
}

class TableVariables implements Variables {
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  get(name: string): string | undefined {
    return this.#values[name];
  }
}
