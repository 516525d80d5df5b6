import { SnapshotError } from "../../shared/snapshot/errors.ts";
import type { ChunkRef, ManifestRef, Pointer } from "../../shared/snapshot/format.ts";
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
 * Deletes what no kept generation needs (FORMAT.md 9), in the order of 9.3. The caller sees to it that
 * it does not publish meanwhile. A manifest that cannot be read ends the run: what it needs is unknown.
 */
export async function collect(
  store: ObjectStore,
  clock: Clock,
  options: RetentionOptions,
): Promise<Collected> {
  const old = (modifiedAt: number) => modifiedAt < clock.now() - options.graceMs;
  const before = await readPointer(store);
  if (!before) return { manifests: 0, chunks: 0 };
  const candidates: string[] = [];
  for await (const { name, modifiedAt } of store.list("chunks/")) {
    if (old(modifiedAt)) candidates.push(name);
  }
  const manifests = await listManifests(store);
  const needed = await chunksNeeded(store, manifests);
  const kept = keptManifests(manifests, before.pointer, options.keepGenerations);
  const after = await readPointer(store);
  // Moved, perhaps back to one that was about to go: the next run sees it.
  if (after?.etag !== before.etag) return { manifests: 0, chunks: 0 };
  const chunks = candidates.filter((name) => !needed.has(name));
  await store.delete(chunks);
  const outdated = manifests.filter(({ name, modifiedAt }) => !kept.has(name) && old(modifiedAt));
  await store.delete(outdated.map(({ name }) => name));
  return { manifests: outdated.length, chunks: chunks.length };
}

/** Names of the chunks that any manifest in the store names. */
async function chunksNeeded(
  store: ObjectStore,
  manifests: readonly ListedManifest[],
): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  for (const { ref, name } of manifests) {
    const manifest = await readManifest(store, ref).catch((cause: unknown) => {
      // It went between the listing and the read: another collector's work, and its chunks wait.
      if (cause instanceof SnapshotError && cause.fault === "missing") return undefined;
      throw unreadable(name, cause);
    });
    if (!manifest) continue;
    try {
      // What an earlier manifest named is not gone through again.
      const read = (chunk: ChunkRef) => readChunk(store, chunk);
      const isNew = (sha256: string) => !needed.has(`chunks/${sha256}`);
      for await (const { sha256 } of chunksOf(manifest, read, isNew))
        needed.add(`chunks/${sha256}`);
    } catch (cause) {
      throw unreadable(name, cause);
    }
  }
  return needed;
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
