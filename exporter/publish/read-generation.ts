import { BranchChunk } from "../../shared/snapshot/branch-chunk.ts";
import { decodeManifest, decodePointer, verifyBytes } from "../../shared/snapshot/codec.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import {
  type ChunkRef,
  chunkName,
  type Manifest,
  type ManifestRef,
  manifestName,
  POINTER_NAME,
  type Pointer,
  parseManifestName,
  type SourcePosition,
  type TreeRef,
} from "../../shared/snapshot/format.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { forEachAtMost } from "./bounded.ts";

/** Reading what was published, every hop verified (FORMAT.md 7). All of these throw `SnapshotError`. */

export interface HeldPointer {
  readonly pointer: Pointer;
  readonly etag: string;
}

export async function readPointer(store: ObjectStore): Promise<HeldPointer | undefined> {
  const held = await store.get(POINTER_NAME);
  return held && { pointer: decodePointer(held.bytes), etag: held.etag };
}

export async function readManifest(store: ObjectStore, ref: ManifestRef): Promise<Manifest> {
  const name = manifestName(ref);
  const held = await store.get(name);
  if (!held) throw new SnapshotError("missing", name, "the store has no such object");
  await verifyBytes(held.bytes, ref, name);
  return decodeManifest(held.bytes, ref, name);
}

/** Where what was published last came from; under a rollback, what it was that the hold took away. */
export async function publishedSource(store: ObjectStore): Promise<SourcePosition | undefined> {
  const pointer = (await readPointer(store))?.pointer;
  const ref = pointer?.hold?.superseded ?? pointer?.manifest;
  return ref && (await readManifest(store, ref)).source;
}

export async function readChunk(store: ObjectStore, ref: ChunkRef): Promise<Uint8Array> {
  const name = chunkName(ref);
  const held = await store.get(name);
  if (!held) throw new SnapshotError("missing", name, "the store has no such object");
  await verifyBytes(held.bytes, ref, name);
  return held.bytes;
}

/** Every manifest in the store, oldest generation first. */
export async function listManifests(store: ObjectStore): Promise<readonly ListedManifest[]> {
  const found: ListedManifest[] = [];
  for await (const { name, size, modifiedAt } of store.list("manifests/")) {
    const parsed = parseManifestName(name);
    if (parsed) found.push({ ref: { ...parsed, length: size }, name, modifiedAt });
  }
  return found.sort((a, b) => a.ref.generation - b.ref.generation);
}

export interface ListedManifest {
  readonly ref: ManifestRef;
  readonly name: string;
  readonly modifiedAt: number;
}

/**
 * SHA-256 of every chunk that a manifest names, as far as its branches can be read: what lies below a
 * damaged one, and the branch itself, is written anew by the next publish.
 */
export async function knownChunks(
  store: ObjectStore,
  manifest: Pick<Manifest, "index" | "bodies">,
): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  const add = async (ref: TreeRef): Promise<void> => {
    if (ref.isBranch) {
      const branch = await readBranch(store, ref);
      if (!branch) return;
      await forEachAtMost(BRANCHES_AT_ONCE, branch.refs(), add);
    }
    known.add(ref.sha256);
  };
  for (const root of [manifest.index, manifest.bodies]) if (root) await add(root);
  return known;
}

const BRANCHES_AT_ONCE = 8;

async function readBranch(store: ObjectStore, ref: TreeRef): Promise<BranchChunk | undefined> {
  try {
    return new BranchChunk(await readChunk(store, ref), chunkName(ref));
  } catch (error) {
    if (error instanceof SnapshotError) return undefined;
    throw error;
  }
}
