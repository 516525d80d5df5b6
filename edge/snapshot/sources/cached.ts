/** Immutable objects kept per data centre by the Cache API. Faults of the cache are misses. */
export interface ObjectCache {
  get(name: string): Promise<Uint8Array | undefined>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}

/** A host of our own that is never asked: the Cache API keys by URL. */
const ORIGIN = "https://snapgate.invalid";
const YEAR_SECONDS = 31_536_000;

/** `prefix` tells apart what shares the cache. */
export function cacheApiObjects(cache: Cache, prefix: string): ObjectCache {
  const url = (name: string) => `${ORIGIN}/${prefix}${name}`;
  return {
    get: async (name) => {
      const held = await cache.match(url(name)).catch(() => undefined);
      return held ? new Uint8Array(await held.arrayBuffer()) : undefined;
    },
    put: async (name, bytes) => {
      const headers = { "cache-control": `public, max-age=${YEAR_SECONDS}, immutable` };
      await cache.put(url(name), new Response(bytes, { headers })).catch(() => undefined);
    },
    delete: async (name) => {
      await cache.delete(url(name)).catch(() => undefined);
    },
  };
}
