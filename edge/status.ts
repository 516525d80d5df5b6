import type { BalancerPool } from "./balancer/balancer-pool.ts";
import type { OverlayReader } from "./health/overlay-reader.ts";
import type { ChunkCache } from "./snapshot/chunk-cache.ts";
import type { Freshness } from "./snapshot/freshness.ts";
import type { Loader } from "./snapshot/loader.ts";

export interface StatusDeps {
  readonly loader: Loader;
  readonly freshness: Freshness;
  readonly chunks: ChunkCache;
  readonly overlays: OverlayReader;
  readonly balancers: BalancerPool;
  readonly now: () => number;
}

/** What this isolate serves and how its last look at the sources went. Ages in seconds. */
export function edgeStatus(deps: StatusDeps) {
  const { loader, freshness, chunks, overlays, balancers, now } = deps;
  const { looks, lookedAt, confirmedAt } = freshness.report();
  const manifest = loader.held?.manifest;
  const age = (at: number | undefined) => (at === undefined ? null : (now() - at) / 1000);
  return {
    generation: manifest?.generation ?? null,
    revision: manifest?.source.revision ?? null,
    repeats: manifest?.repeats ?? null,
    router: manifest?.router ?? null,
    resources: manifest?.counts ?? null,
    publishedAt: manifest?.createdAt ?? null,
    lastCheckAgeSeconds: age(lookedAt),
    confirmedAgeSeconds: age(confirmedAt),
    source: looks.find(({ outcome }) => outcome === "same" || outcome === "newer")?.source ?? null,
    looks,
    health: { overlays: overlays.report(), takenOutByRequests: balancers.takenOut },
    memory: { chunks: chunks.size, chunkBytes: chunks.bytes },
  };
}

/** Compares without telling by its duration how much is right. */
export async function isBearer(header: string | null, token: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const digest = (text: string) => crypto.subtle.digest("SHA-256", encoder.encode(text));
  const [given, wanted] = await Promise.all([digest(header ?? ""), digest(`Bearer ${token}`)]);
  const [a, b] = [new Uint8Array(given), new Uint8Array(wanted)];
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
