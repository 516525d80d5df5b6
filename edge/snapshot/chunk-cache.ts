import type { BodyChunk } from "../../shared/snapshot/body-chunk.ts";

interface Held {
  readonly chunk: BodyChunk;
  readonly bytes: number;
}

/**
 * Body chunks by digest, the least recently used dropped when they are more than the budget. Shared by
 * all generations of an isolate, so that an unchanged chunk is read once.
 */
export class ChunkCache {
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

  /** Whether a chunk of this length would find room without another being dropped. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.#budgetBytes;
  }

  has(sha256: string): boolean {
    return this.#held.has(sha256);
  }

  get(sha256: string): BodyChunk | undefined {
    const held = this.#held.get(sha256);
    if (!held) return undefined;
    this.#held.delete(sha256);
    this.#held.set(sha256, held);
    return held.chunk;
  }

  set(sha256: string, chunk: BodyChunk, bytes: number): void {
    this.drop(sha256);
    this.#held.set(sha256, { chunk, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#budgetBytes || oldest === sha256) break;
      this.drop(oldest);
    }
  }

  /** Keeps only what `wanted` names: chunks of generations that are gone make room. */
  retain(wanted: ReadonlySet<string>): void {
    for (const sha256 of this.#held.keys()) if (!wanted.has(sha256)) this.drop(sha256);
  }

  drop(sha256: string): void {
    const held = this.#held.get(sha256);
    if (!held) return;
    this.#held.delete(sha256);
    this.#bytes -= held.bytes;
  }
}
