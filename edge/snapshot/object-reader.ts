import { verifyBytes } from "../../shared/snapshot/codec.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import type { ChunkRef } from "../../shared/snapshot/format.ts";
import { type Timers, within } from "../upstream/timers.ts";
import type { SnapshotSource } from "./source.ts";
import type { ObjectCache } from "./sources/cached.ts";

/** A source that gave no answer: down, refusing, or too slow. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

export interface ReaderDeps {
  readonly sources: readonly SnapshotSource[];
  readonly cache: ObjectCache | undefined;
  readonly timers: Timers;
  /** For one object from one source. */
  readonly readTimeoutMs: number;
}

/** Reads objects from sources; what is immutable is verified, and kept in the cache. */
export class ObjectReader {
  readonly #deps: ReaderDeps;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  get sources(): readonly SnapshotSource[] {
    return this.#deps.sources;
  }

  /** Throws `Unreachable`. */
  async read(source: SnapshotSource, name: string): Promise<Uint8Array | undefined> {
    const { timers, readTimeoutMs } = this.#deps;
    const late = () => new Unreachable(`${source.name}: no answer within ${readTimeoutMs} ms`);
    try {
      return await within(timers, readTimeoutMs, source.read(name), late);
    } catch (cause) {
      if (cause instanceof Unreachable) throw cause;
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new Unreachable(`${source.name}: ${detail}`, { cause });
    }
  }

  /** An immutable object: from the cache, else from `from`. Throws `Unreachable` or `SnapshotError`. */
  async readVerified(
    from: readonly SnapshotSource[],
    name: string,
    ref: Pick<ChunkRef, "sha256" | "length">,
  ): Promise<Uint8Array> {
    const cached = await this.#fromCache(name, ref);
    if (cached) return cached;
    let failure: unknown;
    for (const source of from) {
      try {
        const bytes = await this.read(source, name);
        if (!bytes) throw new SnapshotError("missing", name, `${source.name} has no such object`);
        await verifyBytes(bytes, ref, name);
        await this.#onCache((cache) => cache.put(name, bytes));
        return bytes;
      } catch (error) {
        if (!(error instanceof Unreachable) && !(error instanceof SnapshotError)) throw error;
        // The first source's fault tells most; a second that also fails adds nothing.
        failure ??= error;
      }
    }
    throw failure ?? new Unreachable("there is no source");
  }

  async #fromCache(
    name: string,
    ref: Pick<ChunkRef, "sha256" | "length">,
  ): Promise<Uint8Array | undefined> {
    const bytes = await this.#onCache((cache) => cache.get(name));
    if (!bytes) return undefined;
    try {
      await verifyBytes(bytes, ref, name);
      return bytes;
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      await this.#onCache((cache) => cache.delete(name));
      return undefined;
    }
  }

  /** A cache that does not answer is none. */
  async #onCache<T>(ask: (cache: ObjectCache) => Promise<T>): Promise<T | undefined> {
    const { cache, timers, readTimeoutMs } = this.#deps;
    if (!cache) return undefined;
    const late = () => new Unreachable(`the cache: no answer within ${readTimeoutMs} ms`);
    return within(timers, readTimeoutMs, ask(cache), late).catch(() => undefined);
  }
}
