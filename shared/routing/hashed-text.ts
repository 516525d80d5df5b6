import { hashStep } from "./index-layout.ts";
import { encodeUri, MAX_BYTES_PER_UNIT } from "./uri-bytes.ts";

/**
 * One request's path or host as bytes, with the hash of every prefix (INDEX.md 5.1.7). The buffers are
 * used again by the next request: matching is synchronous, so two requests never meet in them.
 */
export class HashedText {
  bytes = new Uint8Array(0);
  /** `hashes[n]` is the hash of the first `n` bytes. */
  hashes = new Uint32Array(1);
  length = 0;

  read(text: string, seed: number): void {
    this.#makeRoom(text.length * MAX_BYTES_PER_UNIT);
    this.length = encodeUri(text, this.bytes);
    this.#hash(seed);
  }

  /** Last character first, as hosts lie in the index. */
  readReversed(text: string, seed: number): void {
    this.#makeRoom(text.length * MAX_BYTES_PER_UNIT);
    this.length = this.#encodeReversed(text);
    this.#hash(seed);
  }

  #encodeReversed(text: string): number {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(text.length - 1 - i);
      if (unit >= 0x80) return encodeUri([...text].reverse().join(""), this.bytes);
      this.bytes[i] = unit;
    }
    return text.length;
  }

  #hash(seed: number): void {
    let hash = seed;
    this.hashes[0] = hash;
    for (let i = 0; i < this.length; i++) {
      hash = hashStep(hash, this.bytes[i] as number);
      this.hashes[i + 1] = hash;
    }
  }

  #makeRoom(size: number): void {
    if (size <= this.bytes.length) return;
    this.bytes = new Uint8Array(size * 2);
    this.hashes = new Uint32Array(size * 2 + 1);
  }
}
