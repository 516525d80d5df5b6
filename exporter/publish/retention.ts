import { SnapshotError } from "../../shared/snapshot/errors.ts";
import {
  type ChunkRef,
  chunkName,
  type ManifestRef,
  type Pointer,
} from "../../shared/snapshot/format.ts";
import { chunksOf } from "../../shared/snapshot/read-tree.ts";
import type { Clock } from "../clock.ts";
import type { ObjectStore } from "../store/object-store.ts";
import {
  type ListedManifest,
  listManifests,
  readChunk,
  readManifest,
  readPointer,
} from "./read-generation.ts";

export interface RetentionOptions {
  /** FORMAT.md 9.1: the newest so many generations stay. */
  readonly keepGenerations: number;
  /** FORMAT.md 9.2: nothing younger is deleted. */
  readonly graceMs: number;
}

export interface Collected {
  readonly manifests: number;
  readonly chunks: number;
}

/**
 * Deletes what no kept generation needs (FORMAT.md 9), in the order of 9.3. Reading is the long part, and
 * may go on beside publishing; the caller sees to it that it publishes nothing during `sweep`. A manifest
 * that cannot be read ends the run: what it needs is unknown.
 */
export class Collection {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #options: RetentionOptions;
  #survey: Survey | undefined;

  constructor(store: ObjectStore, clock: Clock, options: RetentionOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#options = options;
  }

  /** Whether there is a survey that was not swept yet. */
  get isDue(): boolean {
    return this.#survey !== undefined;
  }

  /** Lists the old chunks, then reads all manifests there are, unless `signal` aborts. */
  async survey(signal?: AbortSignal): Promise<void> {
    const candidates: string[] = [];
    for await (const { name, modifiedAt } of this.#store.list("chunks/")) {
      if (this.#isOld(modifiedAt)) candidates.push(name);
    }
    const needs: Needs = { manifests: new Set(), chunks: new Set() };
    await readNeeds(this.#store, await listManifests(this.#store), needs, signal);
    if (!signal?.aborted) this.#survey = { candidates, needs };
  }

  /** Reads the manifests that came since the survey, and deletes. */
  async sweep(): Promise<Collected> {
    const survey = this.#survey;
    this.#survey = undefined;
    const nothing = { manifests: 0, chunks: 0 };
    const before = survey && (await readPointer(this.#store));
    if (!before) return nothing;
    const manifests = await listManifests(this.#store);
    await readNeeds(this.#store, manifests, survey.needs);
    const kept = keptManifests(manifests, before.pointer, this.#options.keepGenerations);
    const after = await readPointer(this.#store);
    // Moved, perhaps back to one that was about to go: the next run sees it.
    if (after?.etag !== before.etag) return nothing;
    const chunks = survey.candidates.filter((name) => !survey.needs.chunks.has(name));
    await this.#store.delete(chunks);
    const outdated = manifests.filter(
      ({ name, modifiedAt }) => !kept.has(name) && this.#isOld(modifiedAt),
    );
    await this.#store.delete(outdated.map(({ name }) => name));
    return { manifests: outdated.length, chunks: chunks.length };
  }

  #isOld(modifiedAt: number): boolean {
    return modifiedAt < this.#clock.now() - this.#options.graceMs;
  }
}

/** What was found before anything may be deleted. */
interface Survey {
  /** Names of the chunks that are old enough. */
  readonly candidates: readonly string[];
  readonly needs: Needs;
}

/** Names of the manifests that were read, and of the chunks that they name. */
interface Needs {
  readonly manifests: Set<string>;
  readonly chunks: Set<string>;
}

/** Adds what these manifests name, those that were read before left aside. */
async function readNeeds(
  store: ObjectStore,
  manifests: readonly ListedManifest[],
  needs: Needs,
  signal?: AbortSignal,
): Promise<void> {
  const read = (chunk: ChunkRef) => readChunk(store, chunk);
  // What an earlier manifest named is not gone through again.
  const isNew = (sha256: string) => !needs.chunks.has(chunkName({ sha256 }));
  for (const { ref, name } of manifests) {
    if (signal?.aborted) return;
    if (needs.manifests.has(name)) continue;
    const manifest = await readManifest(store, ref).catch((cause: unknown) => {
      // It went between the listing and the read: another collector's work, and its chunks wait.
      if (cause instanceof SnapshotError && cause.fault === "missing") return undefined;
      throw unreadable(name, cause);
    });
    needs.manifests.add(name);
    if (!manifest) continue;
    try {
      for await (const chunk of chunksOf(manifest, read, isNew)) needs.chunks.add(chunkName(chunk));
    } catch (cause) {
      throw unreadable(name, cause);
    }
  }
}

function unreadable(name: string, cause: unknown): Error {
  return new Error(`nothing is collected, since ${name} cannot be read; delete it by hand`, {
    cause,
  });
}

function keptManifests(
  manifests: readonly ListedManifest[],
  pointer: Pointer,
  keepGenerations: number,
): ReadonlySet<string> {
  const refs: ManifestRef[] = [pointer.manifest];
  if (pointer.hold) refs.push(pointer.hold.superseded);
  const named = new Set(refs.map(({ sha256 }) => sha256));
  const newest = manifests.slice(-keepGenerations);
  return new Set(
    manifests
      .filter((manifest) => named.has(manifest.ref.sha256) || newest.includes(manifest))
      .map(({ name }) => name),
  );
}
