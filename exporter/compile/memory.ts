import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { soughtKey } from "../../shared/snapshot/body-tree.ts";
import { chunkName, type Manifest, type TreeRef } from "../../shared/snapshot/format.ts";
import { leafOf, leavesOf, type ReadChunk } from "../../shared/snapshot/read-tree.ts";
import { forEachAtMost } from "../publish/bounded.ts";

const CHUNKS_AT_ONCE = 8;

/**
 * A published generation as the memory of last valid values (invariant 5). Every chunk of it was there and
 * whole when it was opened; a body is read again when somebody asks for it.
 */
export class PublishedGeneration {
  /** `manifest.content`: equal for generations that hold the same. */
  readonly content: string;
  /** The keys below the prefix of its routes. */
  readonly routes: Set<string>;
  readonly #bodies: TreeRef | null;
  readonly #readChunk: ReadChunk;
  /** The chunk that was asked last: who asks in the order of keys reads each but once. */
  #last: { readonly sha256: string; readonly chunk: BodyChunk } | undefined;

  /** Reads every body chunk once, for the keys alone. `readChunk` verifies what it reads. */
  static async open(manifest: Manifest, readChunk: ReadChunk): Promise<PublishedGeneration> {
    const routes = new Set<string>();
    const leaves: TreeRef[] = [];
    for await (const ref of leavesOf(manifest.bodies, readChunk)) leaves.push(ref);
    await forEachAtMost(CHUNKS_AT_ONCE, leaves, async (ref) => {
      const chunk = new BodyChunk(await readChunk(ref), chunkName(ref));
      for (const key of chunk.keys()) if (key.startsWith("routes/")) routes.add(key);
    });
    return new PublishedGeneration(manifest, routes, readChunk);
  }

  private constructor(manifest: Manifest, routes: Set<string>, readChunk: ReadChunk) {
    this.content = manifest.content;
    this.routes = routes;
    this.#bodies = manifest.bodies;
    this.#readChunk = readChunk;
  }

  /** FORMAT.md 5.3: the body that `key` has there, as it is written; undefined where it has none. */
  async body(key: string): Promise<string | undefined> {
    if (!this.#bodies) return undefined;
    const ref = await leafOf(this.#bodies, soughtKey(key), this.#readChunk);
    if (this.#last?.sha256 !== ref.sha256) {
      const chunk = new BodyChunk(await this.#readChunk(ref), chunkName(ref));
      this.#last = { sha256: ref.sha256, chunk };
    }
    return this.#last.chunk.text(key);
  }
}
