import { chunkName } from "./format.ts";
import type { HeldChunk, HeldChunks } from "./held-chunks.ts";
import { openChunk } from "./open-chunk.ts";

/** Chunks that were made here, by SHA-256: all in memory, each opened when it is first met. */
export function madeChunks(chunks: ReadonlyMap<string, () => Uint8Array>): HeldChunks {
  const held = new Map<string, HeldChunk>();
  return {
    held: (ref) => {
      const known = held.get(ref.sha256);
      const bytes = known ? undefined : chunks.get(ref.sha256);
      if (!bytes) return known;
      const opened = { chunk: openChunk(bytes(), chunkName(ref)), used: true, links: [] };
      held.set(ref.sha256, opened);
      return opened;
    },
  };
}
