import { type Body, encodeBodyChunk, partitionOf } from "../../shared/snapshot/body-chunk.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import type { ChunkRef } from "../../shared/snapshot/format.ts";

/** A partition has about this many bytes when the number of partitions is chosen. */
const TARGET_BYTES = 64 * 1024;
/** The number is chosen anew only when the average leaves these bounds: a new one rewrites everything. */
const LEAST_BYTES = 16 * 1024;
const MOST_BYTES = 128 * 1024;

/** The body of a key, or undefined where there is none any more. */
export type BodyOf = (key: string) => Uint8Array | undefined;

/** Bytes by partition; undefined for a partition without bodies. */
export type EncodedPartitions = Map<number, Uint8Array | undefined>;

/** Which key lies in which partition, and each partition's chunk. Encodes again only what changed. */
export class BodyPartitions {
  #keys: Set<string>[];
  #refs: (ChunkRef | null)[];
  readonly #stale = new Set<number>();

  /** `count` is that of the live generation, so that a restart does not rewrite everything. */
  constructor(count = 1) {
    this.#keys = Array.from({ length: count }, () => new Set());
    this.#refs = new Array<ChunkRef | null>(count).fill(null);
  }

  /** Takes over that the bodies of these keys changed, came or went. */
  note(changed: Iterable<string>, exists: (key: string) => boolean): void {
    for (const key of changed) {
      const partition = partitionOf(key, this.#keys.length);
      const keys = this.#keys[partition] as Set<string>;
      if (exists(key)) keys.add(key);
      else keys.delete(key);
      this.#stale.add(partition);
    }
  }

  /**
   * The bytes of every partition that changed, or whose chunk is not among `known`. Synchronous, so that
   * all of them are of one moment; `settle` then gives them their names.
   */
  encode(bodyOf: BodyOf, known: ReadonlySet<string>): EncodedPartitions {
    const encoded: EncodedPartitions = new Map();
    for (const [partition, keys] of this.#keys.entries()) {
      const held = this.#refs[partition];
      if (!this.#stale.has(partition) && (!held || known.has(held.sha256))) continue;
      encoded.set(partition, encodePartition(keys, bodyOf));
    }
    const sizes = this.#refs.map((ref, partition) => {
      const bytes = encoded.get(partition);
      return encoded.has(partition) ? (bytes?.length ?? 0) : (ref?.length ?? 0);
    });
    const wanted = wantedCount(sizes);
    if (wanted === this.#keys.length) return encoded;
    this.#divide(wanted);
    return new Map(
      [...this.#keys.entries()].map(([i, keys]) => [i, encodePartition(keys, bodyOf)]),
    );
  }

  /** Names the encoded partitions; puts the bytes that are not among `known` into `fresh`. */
  async settle(
    encoded: EncodedPartitions,
    known: ReadonlySet<string>,
    fresh: Map<string, Uint8Array>,
  ): Promise<readonly (ChunkRef | null)[]> {
    const refs = [...this.#refs];
    for (const [partition, bytes] of encoded) {
      this.#stale.delete(partition);
      refs[partition] = bytes ? { sha256: await sha256Hex(bytes), length: bytes.length } : null;
      const sha256 = refs[partition]?.sha256;
      if (sha256 && bytes && !known.has(sha256)) fresh.set(sha256, bytes);
    }
    this.#refs = refs;
    return refs;
  }

  #divide(count: number): void {
    const all = this.#keys.flatMap((keys) => [...keys]);
    this.#keys = Array.from({ length: count }, () => new Set());
    this.#refs = new Array<ChunkRef | null>(count).fill(null);
    this.#stale.clear();
    for (const key of all) (this.#keys[partitionOf(key, count)] as Set<string>).add(key);
  }
}

function encodePartition(keys: ReadonlySet<string>, bodyOf: BodyOf): Uint8Array | undefined {
  const bodies: Body[] = [];
  for (const key of keys) {
    const json = bodyOf(key);
    if (json) bodies.push({ key, json });
  }
  return bodies.length === 0 ? undefined : encodeBodyChunk(bodies);
}

function wantedCount(sizes: readonly number[]): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const average = total / sizes.length;
  const fits = average <= MOST_BYTES && (average >= LEAST_BYTES || sizes.length === 1);
  return fits ? sizes.length : 2 ** Math.ceil(Math.log2(Math.max(1, total / TARGET_BYTES)));
}
