import type { ChunkRef } from "../../shared/snapshot/format.ts";
import type { HeldChunk, HeldChunks } from "../../shared/snapshot/held-chunks.ts";
import type { Chunk } from "../../shared/snapshot/open-chunk.ts";

/** A chunk in memory; it stays known to whoever met it, and says when it was given up. */
class Held implements HeldChunk {
  chunk: Chunk | undefined;
  used = true;
  readonly bytes: number;
  links: (HeldChunk | undefined)[] = [];

  constructor(chunk: Chunk, bytes: number) {
    this.chunk = chunk;
    this.bytes = bytes;
  }
}

/**
 * Chunks by digest. When they are more than the budget, those go that were not used since they were last
 * looked over. Shared by all generations of an isolate, so that an unchanged chunk is read once.
 */
export class ChunkCache implements HeldChunks {
  readonly #budgetBytes: number;
  readonly #held = new Map<string, Held>();
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#held.size;
  }

  held({ sha256 }: Pick<ChunkRef, "sha256">): HeldChunk | undefined {
    return this.#held.get(sha256);
  }

  get(ref: Pick<ChunkRef, "sha256">): Chunk | undefined {
    const held = this.#held.get(ref.sha256);
    if (held) held.used = true;
    return held?.chunk;
  }

  set(sha256: string, chunk: Chunk, bytes: number): void {
    this.#drop(sha256);
    this.#held.set(sha256, new Held(chunk, bytes));
    this.#bytes += bytes;
    this.#makeRoom(sha256);
  }

  /** Everything counts as unused until it is used again: what a new generation left behind makes room. */
  beginGeneration(): void {
    for (const held of this.#held.values()) held.used = false;
  }

  /** Bytes that can be read ahead without giving up what is in use. */
  get room(): number {
    let used = 0;
    for (const held of this.#held.values()) if (held.used) used += held.bytes;
    return this.#budgetBytes - used;
  }

  /** Second chance: what was used since stays for another round. */
  #makeRoom(kept: string): void {
    for (const [sha256, held] of this.#held) {
      if (this.#bytes <= this.#budgetBytes) return;
      if (sha256 === kept) continue;
      if (held.used) {
        held.used = false;
        this.#held.delete(sha256);
        this.#held.set(sha256, held);
      } else {
        this.#drop(sha256);
      }
    }
  }

  #drop(sha256: string): void {
    const held = this.#held.get(sha256);
    if (!held) return;
    this.#held.delete(sha256);
    this.#bytes -= held.bytes;
    held.chunk = undefined;
    held.links = [];
  }
}
