import { type ChunkRef, chunkName } from "./format.ts";
import type { Chunk } from "./open-chunk.ts";

/** A chunk in memory, as its keeper hands it out. */
export interface HeldChunk {
  /** Undefined once its keeper has given it up. */
  readonly chunk: Chunk | undefined;
  /** Set at every use: the keeper gives up what was not used. */
  used: boolean;
  /** The children of a branch, as far as they were met. */
  readonly links: (HeldChunk | undefined)[];
}

/** The chunks that are in memory. */
export interface HeldChunks {
  held(ref: ChunkRef): HeldChunk | undefined;
}

/** A chunk that a match came to is not in memory: whoever asked reads it and asks again. */
export class ChunkNeeded extends Error {
  override readonly name = "ChunkNeeded";
  readonly ref: ChunkRef;

  constructor(ref: ChunkRef) {
    super(`${chunkName(ref)} is not in memory`);
    this.ref = ref;
  }
}
