import { checkIndexChunk } from "../../shared/routing/check-index-chunk.ts";
import { decodeManifest, decodePointer } from "../../shared/snapshot/codec.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import {
  type ChunkRef,
  chunkName,
  type Manifest,
  type ManifestRef,
  manifestName,
  POINTER_NAME,
} from "../../shared/snapshot/format.ts";
import { type Chunk, openChunk } from "../../shared/snapshot/open-chunk.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { decide } from "./decide.ts";
import { type ObjectReader, Unreachable } from "./object-reader.ts";
import { checkBodiesChunk, OpenSnapshot, type SnapshotDeps } from "./open-snapshot.ts";
import type { SnapshotSource } from "./source.ts";

/** What a look at one source came to (FORMAT.md 7.2, and `unreachable`). */
export interface LookOutcome {
  readonly source: string;
  readonly outcome:
    | "same"
    | "newer"
    | "older"
    | "corrupt"
    | "unsupported"
    | "missing"
    | "unreachable";
  /** For a person; empty where there is nothing to say. */
  readonly detail: string;
}

export interface LoaderDeps {
  readonly reader: ObjectReader;
  readonly chunks: ChunkCache;
  readonly snapshot: SnapshotDeps;
}

/** A platform's limit on subrequests is per request: one refresh reads at most this many chunks. */
const CHUNKS_PER_REFRESH = 24;
/** Six connections may wait for an answer at once; the last is the request's own. */
const READS_AT_ONCE = 5;
/** In the background one more is left, to the health overlay. */
const WARMING_READS_AT_ONCE = 4;

/**
 * Pointer → manifest → index and bodies, every hop verified, from the first source that can give them.
 * Holds the last good snapshot; nothing that goes wrong takes it away.
 */
export class Loader {
  readonly #deps: LoaderDeps;
  #held: { readonly ref: ManifestRef; readonly snapshot: OpenSnapshot } | undefined;

  constructor(deps: LoaderDeps) {
    this.#deps = deps;
  }

  get held(): OpenSnapshot | undefined {
    return this.#held?.snapshot;
  }

  /** Looks at the sources in order until one has what is live; every look is told. Never throws. */
  async refresh(): Promise<readonly LookOutcome[]> {
    const looks: LookOutcome[] = [];
    for (const source of this.#deps.reader.sources) {
      const look = await this.#look(source);
      looks.push(look);
      if (look.outcome === "same" || look.outcome === "newer") break;
    }
    return looks;
  }

  /** Reads chunks that are not in memory yet, as long as there is room. True: there may be more. */
  async warm(): Promise<boolean> {
    const held = this.#held;
    if (!held) return false;
    const wanted = this.#ahead(held.snapshot);
    await this.#readChunks(wanted, this.#deps.reader.sources, WARMING_READS_AT_ONCE);
    return wanted.length > 0;
  }

  /** What a refresh may read at once, and there is room for. */
  #ahead(snapshot: OpenSnapshot): readonly ChunkRef[] {
    let { room } = this.#deps.chunks;
    const wanted: ChunkRef[] = [];
    for (const ref of snapshot.missing()) {
      room -= ref.length;
      if (room < 0 || wanted.length === CHUNKS_PER_REFRESH) break;
      wanted.push(ref);
    }
    return wanted;
  }

  async #look(source: SnapshotSource): Promise<LookOutcome> {
    const told = (outcome: LookOutcome["outcome"], detail = "") => {
      return { source: source.name, outcome, detail };
    };
    try {
      const bytes = await this.#deps.reader.read(source, POINTER_NAME);
      if (!bytes) return told("missing", `${POINTER_NAME} does not exist`);
      const pointer = decodePointer(bytes);
      const outcome = decide(this.#held?.ref, pointer);
      if (outcome === "newer") return told(outcome, await this.#open(pointer.manifest, source));
      if (outcome === "older" || outcome === "corrupt") {
        const held = this.#held?.ref.generation;
        return told(outcome, `the pointer names ${pointer.manifest.generation}, held is ${held}`);
      }
      return told(outcome);
    } catch (error) {
      if (error instanceof SnapshotError) return told(error.fault, error.message);
      if (error instanceof Unreachable) return told("unreachable", error.message);
      throw error;
    }
  }

  /**
   * FORMAT.md 7.3: in use only once its roots are there, and as much more as one refresh may read. Returns
   * what of that is missing where there was nothing to keep instead.
   */
  async #open(ref: ManifestRef, source: SnapshotSource): Promise<string> {
    const { reader, chunks } = this.#deps;
    // This source first, since it named the generation; another may still have the object.
    const sources = [source, ...reader.sources.filter((other) => other !== source)];
    const name = manifestName(ref);
    const manifest = decodeManifest(await reader.readVerified(sources, name, ref), ref, name);
    const snapshot = new OpenSnapshot(manifest, {
      ...this.#deps.snapshot,
      chunks,
      readChunk: (chunk) => this.#readChunk(chunk, sources),
    });
    await this.#readRoots(manifest, sources);
    chunks.beginGeneration();
    const lack = await this.#readAhead(snapshot, sources);
    // Another refresh may have opened a newer one meanwhile: never back.
    if (!this.#held || this.#held.ref.generation < ref.generation) this.#held = { ref, snapshot };
    return lack;
  }

  /** A small table comes whole, and its first requests read nothing. */
  async #readAhead(snapshot: OpenSnapshot, sources: readonly SnapshotSource[]): Promise<string> {
    try {
      for (let left = CHUNKS_PER_REFRESH - 2; left > 0; ) {
        const ahead = this.#ahead(snapshot).slice(0, left);
        if (ahead.length === 0) break;
        await this.#readChunks(ahead, sources);
        left -= ahead.length;
      }
      return "";
    } catch (error) {
      const isBadLuck = error instanceof SnapshotError || error instanceof Unreachable;
      // Whoever holds a good snapshot keeps it; else a part is better than nothing.
      if (!isBadLuck || this.#held) throw error;
      return error.message;
    }
  }

  /** Each is checked as it is read: in a small memory one may be given up before the other is there. */
  async #readRoots({ router, index, bodies }: Manifest, sources: readonly SnapshotSource[]) {
    const read = async (ref: ChunkRef, check: (chunk: Chunk) => void) =>
      check(await this.#readChunk(ref, sources));
    await Promise.all([
      index && read(index, (chunk) => checkIndexChunk(router, chunk, index)),
      bodies && read(bodies, (chunk) => checkBodiesChunk(chunk, bodies)),
    ]);
  }

  async #readChunks(
    refs: readonly ChunkRef[],
    sources: readonly SnapshotSource[],
    atOnce = READS_AT_ONCE,
  ): Promise<void> {
    const waiting = refs.values();
    const worker = async () => {
      for (const ref of waiting) await this.#readChunk(ref, sources);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  async #readChunk(ref: ChunkRef, sources: readonly SnapshotSource[]): Promise<Chunk> {
    const { reader, chunks } = this.#deps;
    const held = chunks.get(ref);
    if (held) return held;
    const name = chunkName(ref);
    const chunk = openChunk(await reader.readVerified(sources, name, ref), name);
    chunks.set(ref.sha256, chunk, ref.length);
    return chunk;
  }
}
