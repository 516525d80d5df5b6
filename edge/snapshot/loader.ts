import { openRouteIndex } from "../../shared/routing/open-index.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { decodeManifest, decodePointer } from "../../shared/snapshot/codec.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import {
  type ChunkRef,
  chunkName,
  type ManifestRef,
  manifestName,
  POINTER_NAME,
} from "../../shared/snapshot/format.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { decide } from "./decide.ts";
import { type ObjectReader, Unreachable } from "./object-reader.ts";
import { OpenSnapshot, type SnapshotDeps } from "./open-snapshot.ts";
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
const READS_AT_ONCE = 5;

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

  /** Reads body chunks that are not resident yet, as long as there is room. True: there may be more. */
  async warm(): Promise<boolean> {
    const held = this.#held;
    if (!held) return false;
    const { chunks } = this.#deps;
    const missing = held.snapshot.bodies.filter((ref) => !chunks.has(ref.sha256));
    const wanted: ChunkRef[] = [];
    let bytes = 0;
    for (const ref of missing) {
      if (wanted.length === CHUNKS_PER_REFRESH || !chunks.hasRoomFor(bytes + ref.length)) break;
      bytes += ref.length;
      wanted.push(ref);
    }
    await this.#readChunks(wanted, this.#deps.reader.sources);
    return wanted.length > 0 && wanted.length < missing.length;
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
      if (outcome === "newer") await this.#open(pointer.manifest, source);
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

  /** FORMAT.md 7.3: in use only once its index, and the bodies in use before, are there. */
  async #open(ref: ManifestRef, source: SnapshotSource): Promise<void> {
    const { reader, chunks } = this.#deps;
    // This source first, since it named the generation; another may still have the object.
    const sources = [source, ...reader.sources.filter((other) => other !== source)];
    const name = manifestName(ref);
    const manifest = decodeManifest(await reader.readVerified(sources, name, ref), ref, name);
    const [indexRef, ...more] = manifest.index;
    if (!indexRef || more.length > 0) {
      throw new SnapshotError("unsupported", name, `an index of ${manifest.index.length} chunks`);
    }
    const indexName = chunkName(indexRef);
    const index = openRouteIndex(
      await reader.readVerified(sources, indexName, indexRef),
      indexName,
    );
    if (index.router !== manifest.router) {
      throw new SnapshotError(
        "corrupt",
        indexName,
        `it is of ${index.router}, not ${manifest.router}`,
      );
    }
    const snapshot = new OpenSnapshot(manifest, index, {
      ...this.#deps.snapshot,
      readBody: (body) => this.#readChunk(body, sources),
      resident: (sha256) => chunks.get(sha256),
    });
    const missing = snapshot.bodies.filter(({ sha256 }) => !chunks.has(sha256));
    if (missing.length <= CHUNKS_PER_REFRESH) await this.#readChunks(missing, sources);
    // Another refresh may have opened a newer one meanwhile: never back.
    if (this.#held && this.#held.ref.generation >= ref.generation) return;
    this.#held = { ref, snapshot };
    chunks.retain(new Set(snapshot.bodies.map(({ sha256 }) => sha256)));
  }

  async #readChunks(refs: readonly ChunkRef[], sources: readonly SnapshotSource[]): Promise<void> {
    const waiting = refs.values();
    const worker = async () => {
      for (const ref of waiting) await this.#readChunk(ref, sources);
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, worker));
  }

  async #readChunk(ref: ChunkRef, sources: readonly SnapshotSource[]): Promise<BodyChunk> {
    const { reader, chunks } = this.#deps;
    const held = chunks.get(ref.sha256);
    if (held) return held;
    const name = chunkName(ref);
    const chunk = new BodyChunk(await reader.readVerified(sources, name, ref), name);
    chunks.set(ref.sha256, chunk, ref.length);
    return chunk;
  }
}
