import { sha256Hex } from "../shared/snapshot/digest.ts";

/** Answers that are kept for a while, in the data centre that gave them. Faults of it are misses. */
export interface ResponseCache {
  get(key: string): Promise<KeptResponse | undefined>;
  /** Settles when it is kept, or will not be. Of a body that breaks off, a part may be kept as if whole. */
  put(key: string, response: ResponseToKeep): Promise<void>;
  /** Whether there was one. */
  delete(key: string): Promise<boolean>;
}

export interface KeptResponse {
  /** JSON, as it was put. */
  readonly head: unknown;
  readonly body: ReadableStream<Uint8Array> | null;
}

export interface ResponseToKeep {
  readonly head: unknown;
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** It may be dropped earlier. */
  readonly keepSeconds: number;
}

/** A host of our own that is never asked: the Cache API keys by URL. */
const ORIGIN = "https://snapgate.invalid";
const HEAD = "snapgate-head";
/** What lies between has limits of its own, and servers send less. */
const MOST_HEAD_BYTES = 32 * 1024;
const YEAR_SECONDS = 31_536_000;
const encoder = new TextEncoder();

/**
 * In the Cache API. The answer's own head lies in a header of ours, so that no rule of the Cache API about
 * Vary, Set-Cookie or codings has a say. `prefix` tells apart what shares the cache.
 */
export function cacheApiResponses(
  cache: Pick<Cache, "match" | "put" | "delete">,
  prefix: string,
): ResponseCache {
  const url = async (key: string) =>
    `${ORIGIN}/${prefix}responses/${await sha256Hex(encoder.encode(key))}`;
  return {
    async get(key) {
      const held = await cache.match(await url(key)).catch(() => undefined);
      const text = held?.headers.get(HEAD);
      if (!held || !text) return undefined;
      return { head: parsed(text), body: held.body };
    },
    async put(key, { head, body, keepSeconds }) {
      const text = asciiJson(head);
      if (text.length > MOST_HEAD_BYTES) return;
      const maxAge = Math.min(Math.ceil(keepSeconds), YEAR_SECONDS);
      const headers = { "cache-control": `public, max-age=${maxAge}`, [HEAD]: text };
      await cache.put(await url(key), new Response(body, { headers })).catch(() => undefined);
    },
    delete: async (key) => cache.delete(await url(key)).catch(() => false),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As it may stand in a header. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
